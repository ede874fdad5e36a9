import { z } from "zod";

const state = z.object({
  profile: z.string().nullable(),
  accounts: z.array(
    z.object({ email: z.string(), calendars: z.array(z.object({ id: z.string(), externalId: z.string() })) }),
  ),
});

const occurrence = z.object({
  id: z.string(),
  title: z.string(),
  startsAt: z.string(),
  endsAt: z.string(),
  isAllDay: z.boolean(),
  status: z.enum(["confirmed", "tentative"]),
});

const requests = z.array(z.object({ seq: z.int() }));

/** The admin interface of a running simulator. Every method throws an Error that names the route where it is refused. */
export class SimulatorAdmin {
  constructor(private readonly url: string) {}

  async state(): Promise<z.output<typeof state>> {
    return state.parse(await this.call("GET", "state"));
  }

  /** What a calendar, by the simulator's own id, should show between two instants. */
  async occurrences(account: string, calendar: string, from: Date, to: Date): Promise<z.output<typeof occurrence>[]> {
    const query = new URLSearchParams({ account, calendar, from: from.toISOString(), to: to.toISOString() });
    return z.array(occurrence).parse(await this.call("GET", `occurrences?${query.toString()}`));
  }

  /** The number of the newest provider request; 0 before the first. */
  async newestRequest(since: number): Promise<number> {
    const known = requests.parse(await this.call("GET", `requests?since=${since}`));
    return known.at(-1)?.seq ?? since;
  }

  async post(route: string, body: object): Promise<void> {
    await this.call("POST", route, body);
  }

  private async call(method: string, route: string, body?: object): Promise<unknown> {
    const response = await fetch(`${this.url}/__sim/${route}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer: unknown = await response.json();
    if (!response.ok) throw new Error(`The simulator refused ${method} ${route}: ${JSON.stringify(answer)}`);
    return answer;
  }
}
