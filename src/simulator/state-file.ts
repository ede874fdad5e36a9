import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { Account } from "./accounts.js";
import { SimulatedCalendar } from "./calendar.js";
import type { CalendarDescription } from "./calendar.js";
import type { AuthorizationCode } from "./consent/authorization-codes.js";
import type { Consent } from "./consent/consents.js";
import type { Departure } from "./departures.js";
import type { ExceptionEvent, FormerInstance, SeriesEvent, StoredEvent } from "./event.js";
import type { Watch } from "./notifications/subscriptions.js";
import type { StoredTokens } from "./tokens.js";
import type { World } from "./world.js";

/**
 * The stored state: JSON lines, in the order head, account, its calendars, each with its events. What is a Map in memory is a list
 * here, and a series' exceptions are found again by their series' id.
 */
type Line =
  | {
      line: "head";
      version: 1;
      clockOffsetMs: number;
      issued: number;
      tokens: StoredTokens & { codes: [string, AuthorizationCode][] };
      /** Left out by simulators that knew of none. */
      consents?: readonly Consent[];
      /** The same. */
      subscriptions?: readonly Watch[];
    }
  | { line: "account"; account: Omit<Account, "entries"> }
  | {
      line: "calendar";
      description: CalendarDescription;
      counters: Counters;
      listSeq: number;
      isRemoved: boolean;
      departures?: readonly Departure[];
    }
  | { line: "event"; event: StoredEvent; formerInstances?: FormerInstance[]; formerExceptions?: FormerInstance[] };

interface Counters {
  seq: number;
  prunedSeq: number;
  updatedAt: number;
}

/** Saves a world each second when it has changed. */
export class StateFile {
  #saved = "";
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(
    private readonly world: World,
    private readonly path: string,
    private readonly log: (message: string) => void,
  ) {}

  /** False where there is no file yet. Throws an Error naming the file where it cannot be read. */
  load(): boolean {
    const text = readIfThere(this.path);
    if (text === null) return false;
    try {
      restoreWorld(this.world, text);
    } catch (cause) {
      throw new Error(`The simulator's state in ${this.path} cannot be read; delete the file to start anew`, { cause });
    }
    this.#saved = mark(this.world);
    return true;
  }

  start(): void {
    mkdirSync(dirname(this.path), { recursive: true });
    this.#timer = setInterval(() => {
      this.#writing = this.#saveIfChanged();
    }, 1000).unref();
  }

  /** The last save, so that nothing of a clean stop is lost. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#writing;
    const current = mark(this.world);
    if (current === this.#saved) return;
    writeFileSync(`${this.path}.new`, [...lines(this.world)].join(""), { mode: 0o600, flush: true });
    renameSync(`${this.path}.new`, this.path);
    this.#saved = current;
  }

  /** Written beside and renamed, so that a reader never sees half a file. */
  async #saveIfChanged(): Promise<void> {
    const current = mark(this.world);
    if (current === this.#saved) return;
    try {
      await this.#writing;
      await writeFile(`${this.path}.new`, [...lines(this.world)], { mode: 0o600, flush: true });
      await rename(`${this.path}.new`, this.path);
      this.#saved = current;
    } catch (error) {
      this.log(`The simulator's state could not be saved: ${String(error)}`);
    }
  }
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (typeof error === "object" && error !== null && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
}

/** Differs whenever something that is stored has changed. */
function mark(world: World): string {
  const accounts = [...world.accounts.all()].map(({ email, isRevoked, listSeq, listPrunedSeq, entries }) => {
    const calendars = [...entries.values()].map(({ calendar }) => [calendar.description.incarnation, calendar.seq]);
    return [email, isRevoked, listSeq, listPrunedSeq, calendars];
  });
  const { clock, identifiers, tokens, codes, subscriptions } = world;
  const revisions = [tokens.revision, codes.revision, subscriptions.revision];
  return JSON.stringify([clock.offsetMs, identifiers.issued, revisions, accounts]);
}

function* lines(world: World): Generator<string> {
  const head: Line = {
    line: "head",
    version: 1,
    clockOffsetMs: world.clock.offsetMs,
    issued: world.identifiers.issued,
    tokens: { ...world.tokens.stored(), codes: world.codes.stored() },
    consents: world.consents.stored(),
    subscriptions: world.subscriptions.all(),
  };
  yield text(head);
  for (const { entries, ...account } of world.accounts.all()) {
    yield text({ line: "account", account });
    for (const { calendar, seq: listSeq, isRemoved } of entries.values()) {
      const { description, seq, prunedSeq, updatedAt } = calendar;
      const counters = { seq, prunedSeq, updatedAt };
      yield text({
        line: "calendar",
        description,
        counters,
        listSeq,
        isRemoved,
        departures: calendar.departures.all(),
      });
      for (const event of calendar.events) yield eventText(event);
    }
  }
}

function text(line: Line): string {
  return `${JSON.stringify(line)}\n`;
}

function eventText(event: StoredEvent): string {
  if (event.kind !== "series") return text({ line: "event", event });
  const formerInstances = [...event.formerInstances.values()];
  const formerExceptions = [...event.formerExceptions.values()];
  return text({ line: "event", event, formerInstances, formerExceptions });
}

function restoreWorld(world: World, stored: string): void {
  const [head, ...rest] = stored
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Line);
  if (head?.line !== "head") throw new Error("the head is missing");
  world.clock.restore(head.clockOffsetMs);
  world.tokens.restore(head.tokens);
  world.codes.restore(head.tokens.codes);
  world.consents.restore(head.consents ?? []);
  restoreAccounts(world, rest);
  world.subscriptions.restore(head.subscriptions ?? []);
  world.identifiers.restore(head.issued);
}

function restoreAccounts(world: World, stored: readonly Line[]): void {
  let account: Account | undefined;
  for (const [index, line] of stored.entries()) {
    if (line.line === "account") {
      account = Object.assign(world.accounts.addAccount(line.account.email, line.account.provider), line.account);
    } else if (line.line === "calendar" && account) {
      const now = () => world.clock.now();
      const calendar = new SimulatedCalendar(line.description, account.provider, world.identifiers, now);
      calendar.restore(eventsAfter(stored, index), line.departures ?? [], line.counters);
      account.entries.set(line.description.id, { calendar, seq: line.listSeq, isRemoved: line.isRemoved });
    }
  }
}

function eventsAfter(stored: readonly Line[], calendarIndex: number): StoredEvent[] {
  const events: StoredEvent[] = [];
  const series = new Map<string, SeriesEvent>();
  for (let index = calendarIndex + 1; index < stored.length; index += 1) {
    const line = stored[index];
    if (line?.line !== "event") break;
    const event = revived(line.event, line.formerInstances, line.formerExceptions);
    if (event.kind === "series") series.set(event.id, event);
    events.push(event);
  }
  for (const event of events) if (event.kind === "exception") attach(event, series);
  return events;
}

function revived(
  event: StoredEvent,
  formerInstances: readonly FormerInstance[] = [],
  formerExceptions: readonly FormerInstance[] = [],
): StoredEvent {
  if (event.kind !== "series") return event;
  const former = { formerInstances: byId(formerInstances), formerExceptions: byId(formerExceptions) };
  return { ...event, exceptions: new Map(), ...former };
}

function byId(instances: readonly FormerInstance[]): Map<string, FormerInstance> {
  return new Map(instances.map((instance) => [instance.id, instance]));
}

function attach(exception: ExceptionEvent, series: ReadonlyMap<string, SeriesEvent>): void {
  series.get(exception.recurringEventId)?.exceptions.set(exception.id, exception);
}
