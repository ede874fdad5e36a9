import { setTimeout as delay } from "node:timers/promises";
import { at } from "../support/calendar.js";
import type { Fleet } from "./fleet.js";
import type { NemesisConnection, NemesisWorld } from "./world.js";

interface Answer {
  data?: Record<string, { result: { correlationId: string } } | null> | null;
  errors?: { extensions: { code: string } }[];
}

const mutations = {
  resync: `mutation ($id: ID!) { asked: resyncConnection(connectionId: $id, waitSeconds: 0) { result { correlationId } } }`,
  bounded: `mutation ($id: ID!, $start: DateTime, $end: DateTime) {
    asked: resyncConnection(connectionId: $id, startDate: $start, endDate: $end, waitSeconds: 0) { result { correlationId } } }`,
  replay: `mutation ($id: ID!) { asked: replayAttempt(attemptId: $id, waitSeconds: 0) { result { correlationId } } }`,
};

const documentedCodes = ["CONFLICT", "BAD_USER_INPUT", "NOT_REPLAYABLE", "RATE_LIMITED", "NOT_FOUND", "UNAVAILABLE"];
const busy = {
  status: 429,
  body: { error: { code: 429, errors: [{ domain: "usageLimits", reason: "rateLimitExceeded" }] } },
};
const requestTimeoutMs = 4_000;
const deedEveryMs = 60;
const slowPullMs = 800;
/** Much longer than two requests and a refresh take. */
const tokensLiveMs = 5_000;

/** Managers, calendars' users and unreliable providers, all at once, until told to end. */
export class Load {
  /** Correlation ids of what was acknowledged to managers. */
  readonly acknowledged = new Set<string>();
  /** Answers that no operation may give. */
  readonly faults: string[] = [];
  private isOver = false;
  private under: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly world: NemesisWorld,
    private readonly fleet: Fleet,
  ) {}

  start(): void {
    this.under = Promise.all([
      this.again((connection) => {
        this.changeCalendar(connection);
        return Promise.resolve();
      }),
      this.expireTokensInTurn(),
      this.again(() => this.replay()),
      ...Array.from({ length: 2 }, () => this.again((connection) => this.resyncBehindPull(connection))),
      ...Array.from({ length: 2 }, () => this.again((connection) => this.resyncBounds(connection))),
    ]);
  }

  async end(): Promise<void> {
    this.isOver = true;
    await this.under;
  }

  private async again(deed: (connection: NemesisConnection) => Promise<void>): Promise<void> {
    while (!this.isOver) {
      await deed(this.anyConnection());
      await delay(deedEveryMs);
    }
  }

  private resyncBounds(connection: NemesisConnection): Promise<void> {
    return this.ask(connection, mutations.bounded, { id: connection.id, start: at(0), end: at(2) });
  }

  /** Events move, and a few go: fewer than would be taken for a mass cancellation. */
  private changeCalendar({ account }: NemesisConnection): void {
    const { control } = this.world;
    const events = control.occurrences(account, new Date(at(-1)), new Date(at(20)));
    const event = events[Math.floor(Math.random() * events.length)];
    if (!event) return;
    const day = Math.floor(Math.random() * 6);
    const times = { start: { dateTime: at(day, 9) }, end: { dateTime: at(day, 10) } };
    const draw = Math.random();
    if (draw < 0.02 && events.length > 20) control.deleteEvent(account, event.id);
    else if (draw < 0.07) this.world.disturb(account, draw < 0.05 ? busy : { status: 503, body: "down" });
    else control.updateEvent(account, event.id, times);
  }

  /** Those of one account not too often: three fresh tokens refused one after the other mean, rightly, that its access is gone. */
  private async expireTokensInTurn(): Promise<void> {
    const { connections } = this.world;
    for (let turn = 0; !this.isOver; turn += 1) {
      const connection = connections[turn % connections.length];
      if (connection) await this.expireTokens(connection);
      await delay(tokensLiveMs / connections.length);
    }
  }

  private async expireTokens({ id, account }: NemesisConnection): Promise<void> {
    this.world.control.expireAccessTokens(account);
    await this.world.sql(
      "update calendar_credential set access_token_expires_at = now() where connection_id = $1 and access_token is not null",
      [id],
    );
  }

  /** A pull that takes its time, and a resync that has to wait for its end. */
  private async resyncBehindPull(connection: NemesisConnection): Promise<void> {
    const { id, account } = connection;
    this.world.disturb(account, { delayMs: slowPullMs });
    await this.world.sql("update calendar_connection set next_pull_at = now() where id = $1 and status = 'ACTIVE'", [
      id,
    ]);
    for (let looks = 0; looks < 20; looks += 1) {
      const running =
        "select from sync_run where connection_id = $1 and operation = 'LIST_CHANGES' and status = 'RUNNING'";
      if ((await this.world.sql(running, [id])).length > 0) break;
      await delay(100);
    }
    await this.ask(connection, mutations.resync, { id });
  }

  private async replay(): Promise<void> {
    const [failure] = await this.world.sql<{ id: string; connection_id: string }>(
      `select a.id, a.connection_id from sync_run r join sync_attempt a on a.firm_id = r.firm_id and a.id = r.open_failure_id
       where r.status in ('RETRYING', 'FAILED') and a.error_class <> 'NON_RETRYABLE' order by random() limit 1`,
    );
    const connection = this.world.connections.find(({ id }) => id === failure?.connection_id);
    if (failure && connection) await this.ask(connection, mutations.replay, { id: failure.id });
  }

  /** Asks any of the servers. Killed, frozen and starting ones do not answer, which is no fault. */
  private async ask({ id }: NemesisConnection, query: string, variables: object): Promise<void> {
    const urls = [this.world.app.url, ...this.fleet.urls()];
    const url = String(urls[Math.floor(Math.random() * urls.length)]);
    const firmId = String(1 + ((1 + this.world.connections.findIndex((one) => one.id === id)) % 3));
    const token = await this.world.app.token("manager", firmId);
    try {
      const response = await fetch(`${url}/graphql`, {
        method: "POST",
        headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
        body: JSON.stringify({ query, variables }),
        signal: AbortSignal.timeout(requestTimeoutMs),
      });
      this.judge(response.status, await response.text());
    } catch (error) {
      // Read by shape: fetch's errors come from another realm than jest's.
      if (!["TypeError", "TimeoutError", "AbortError"].includes((error as Error).name)) throw error;
    }
  }

  private judge(status: number, body: string): void {
    if (status !== 200 && status !== 503) this.faults.push(`${status} ${body}`);
    if (/127\.0\.0\.1|localhost|ECONN|:\d{4,5}\b/.test(body)) this.faults.push(`it tells where things are: ${body}`);
    const { data, errors = [] } = JSON.parse(body) as Answer;
    for (const { extensions } of errors) if (!documentedCodes.includes(extensions.code)) this.faults.push(body);
    const correlationId = data?.["asked"]?.result.correlationId;
    if (correlationId !== undefined) this.acknowledged.add(correlationId);
  }

  private anyConnection(): NemesisConnection {
    const { connections } = this.world;
    const connection = connections[Math.floor(Math.random() * connections.length)];
    if (!connection) throw new Error("there is no connection");
    return connection;
  }
}
