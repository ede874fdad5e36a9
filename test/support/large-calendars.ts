import type { JournalEntry } from "../../src/simulator/journal.js";
import { runTypeScript, type TypeScriptProcess } from "./typescript-process.js";

/** An account whose primary calendar has so many single events, all within 30 days of now. */
export interface LargeCalendarOrder {
  account: string;
  provider: "google" | "microsoft";
  events: number;
}

/** What the process says when it answers. */
export interface StartedCalendars {
  url: string;
  googleApiUrl: string;
  googleTokenUrl: string;
  microsoftApiUrl: string;
  microsoftLoginUrl: string;
  /** By account. */
  refreshTokens: Readonly<Record<string, string>>;
}

const entry = new URL("large-calendars-process.ts", import.meta.url);

/** Simulated providers in a process of their own, so that nothing of theirs is in the memory or the time of who asks them. */
export class LargeCalendars {
  private constructor(
    private readonly process: TypeScriptProcess,
    private readonly started: StartedCalendars,
  ) {}

  /** A million events take it some ten seconds and half a gigabyte. */
  static async start(orders: readonly LargeCalendarOrder[]): Promise<LargeCalendars> {
    const process = runTypeScript(entry, [JSON.stringify(orders)]);
    return new LargeCalendars(process, JSON.parse(await process.nextLine()) as StartedCalendars);
  }

  /** By which a server process finds them. */
  get environment(): Record<string, string> {
    const { googleApiUrl, googleTokenUrl, microsoftApiUrl, microsoftLoginUrl } = this.started;
    return {
      GOOGLE_API_URL: googleApiUrl,
      GOOGLE_TOKEN_URL: googleTokenUrl,
      MICROSOFT_API_URL: microsoftApiUrl,
      MICROSOFT_LOGIN_URL: microsoftLoginUrl,
    };
  }

  refreshTokenOf(account: string): string {
    const token = this.started.refreshTokens[account];
    if (token === undefined) throw new Error(`no calendar was ordered for ${account}`);
    return token;
  }

  /** What has been asked for in the account's name, but for tokens, in order of arrival. */
  async requests(account: string): Promise<JournalEntry[]> {
    const entries = (await this.admin("GET", `requests?account=${account}`)) as JournalEntry[];
    return entries.filter(({ url }) => !url.includes("/token"));
  }

  async forgetRequests(): Promise<void> {
    await this.admin("DELETE", "requests");
  }

  /** How long each request takes from now on, beside its own work. */
  async delayRequests(milliseconds: number): Promise<void> {
    await this.admin("DELETE", "faults");
    await this.admin("POST", "faults", { times: null, then: { delayMs: milliseconds } });
  }

  /** Makes requests that were made before, one after the other, and reads what they bring. Returns the seconds that it took. */
  async fetchAgain(account: string, urls: readonly string[]): Promise<number> {
    const { token } = (await this.admin("POST", "tokens", { kind: "access", account })) as { token: string };
    const headers = { authorization: `Bearer ${token}`, prefer: 'odata.maxpagesize=1000, IdType="ImmutableId"' };
    const begun = performance.now();
    for (const url of urls) {
      const answer = await fetch(`${this.started.url}${url}`, { headers });
      await answer.json();
      if (!answer.ok) throw new Error(`${url} was answered with ${answer.status}`);
    }
    return (performance.now() - begun) / 1000;
  }

  async end(): Promise<void> {
    this.process.child.kill("SIGKILL");
    await this.process.ended;
  }

  private async admin(method: string, path: string, body?: object): Promise<unknown> {
    const answer = await fetch(`${this.started.url}/__sim/${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${path} was answered with ${answer.status}`);
    return answer.json();
  }
}
