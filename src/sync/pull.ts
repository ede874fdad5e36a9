import type { StartedAttempt } from "../attempts/start-attempt.js";
import { failpoint } from "../failpoints.js";
import { providerFailure } from "../providers/failure.js";
import {
  ProviderFailure,
  type ChangePage,
  type ChangeRange,
  type EventChange,
  type KnownEvent,
} from "../providers/provider.js";
import { NotesLostError, type AttemptWriter, type Round } from "./attempt-writer.js";
import type { CalendarAccess } from "./calendar-access.js";
import { eventBatches } from "./event-batches.js";

const mostPages = 10_000;
const mostAskedAtOnce = 20;

/**
 * One attempt at a pull: page after page from the provider, each written while the next one is fetched; the cursor moves with the
 * last. Goes on at the run's checkpointed page. A dead cursor, or marks lost in a crash, lead to one new round within the
 * attempt. Throws what stops it; closing the attempt is the caller's.
 */
export class Pull {
  private readonly pageTokens = new Set<string>();

  constructor(
    private readonly attempt: StartedAttempt,
    private readonly access: CalendarAccess,
    private readonly writer: AttemptWriter,
    private readonly window: { pastDays: number; futureDays: number },
  ) {}

  async run(): Promise<void> {
    try {
      await this.pages(await this.firstRound(), this.attempt.run.pageToken);
    } catch (error) {
      if (!needsNewRound(error)) throw error;
      this.pageTokens.clear();
      await this.pages(await this.newRound(), null);
    }
  }

  private async firstRound(): Promise<Round> {
    const { run, connection } = this.attempt;
    if (run.isFullRound && run.roundStart && run.roundEnd) {
      return { kind: run.isBounded() ? "BOUNDED" : "FULL", range: { start: run.roundStart, end: run.roundEnd } };
    }
    if (run.operation === "RESYNC" || !this.hasCursor() || !connection.windowStart || !connection.windowEnd) {
      return this.newRound();
    }
    return { kind: "SINCE", range: { start: connection.windowStart, end: connection.windowEnd } };
  }

  private newRound(): Promise<Round> {
    return this.writer.beginFullRound(this.window);
  }

  /** A cursor made with other request parameters is as good as none. */
  private hasCursor(): boolean {
    const { cursor, cursorFingerprint } = this.attempt.connection;
    return cursor !== null && cursorFingerprint === this.access.provider.cursorFingerprint;
  }

  private async pages(round: Round, firstToken: string | null): Promise<void> {
    await failpoint("round.begun");
    let next = this.fetchPage(round, firstToken);
    for (;;) {
      const page = await this.resolved(await next);
      await failpoint("page.fetched");
      if (page.nextPageToken === null) {
        await this.finish(page, round);
        return;
      }
      this.notePageToken(page.nextPageToken);
      next = this.fetchPage(round, page.nextPageToken);
      next.catch(() => undefined); // seen when it is awaited, after the write
      await failpoint("page.before-write");
      await this.writer.writePage(page, round, this.access.requestCount);
    }
  }

  /** A bounded round does not know whether what it misses is gone or has moved elsewhere: that is asked singly. */
  private async finish(page: ChangePage, round: Round): Promise<void> {
    if (round.kind !== "BOUNDED") {
      await this.writer.finish(
        await this.withPushed(page, round),
        round,
        this.access.provider.cursorFingerprint,
        this.access.requestCount,
      );
      return;
    }
    await this.writer.writePage(page, round, this.access.requestCount);
    const events = await this.writer.missingEvents(round, this.access.requestCount);
    if (events === null) return; // refused, and the attempt closed
    await failpoint("confirmation.before-asking");
    const told = await this.askFor(events);
    await failpoint("confirmation.answered");
    await this.writer.finishBounded(told, round, this.access.requestCount);
  }

  /** A full round may have been listed before an event was pushed: such events are asked for singly. */
  private async withPushed(page: ChangePage, round: Round): Promise<ChangePage> {
    const events = round.kind === "FULL" ? await this.writer.pushedMeanwhile(page, round) : [];
    return events.length === 0 ? page : { ...page, changes: [...page.changes, ...(await this.askFor(events))] };
  }

  private notePageToken(token: string): void {
    if (this.pageTokens.has(token)) throw providerFailure("PAGE_TOKEN_REPEATED");
    if (this.pageTokens.size >= mostPages) throw providerFailure("TOO_MANY_PAGES");
    this.pageTokens.add(token);
  }

  private fetchPage(round: Round, pageToken: string | null): Promise<ChangePage> {
    const range = rangeOf(round, this.attempt.connection.cursor);
    return this.access.ask((calendar, accessToken) => calendar.listChanges({ accessToken, range, pageToken }));
  }

  /** Asks what has become of the events we hold that a page calls missing. The page before has been written by now. */
  private async resolved(page: ChangePage): Promise<ChangePage> {
    const told = page.changes.filter(({ kind }) => kind !== "missing");
    if (told.length === page.changes.length) return page;
    const events = await this.writer.heldEvents(page.changes);
    return { ...page, changes: [...told, ...(await this.askFor(events))] };
  }

  /** Some at a time: a run that a manager cancels, or that another worker has taken over, ends between them. */
  private async askFor(known: readonly KnownEvent[]): Promise<EventChange[]> {
    const changes: EventChange[] = [];
    for (const events of eventBatches(known, mostAskedAtOnce)) {
      changes.push(...(await this.access.ask((calendar, accessToken) => calendar.getEvents({ accessToken, events }))));
      await this.writer.noteRequests(this.access.requestCount);
    }
    return changes;
  }
}

function rangeOf({ kind, range }: Round, cursor: string | null): ChangeRange {
  const window = { windowStart: range.start, windowEnd: range.end };
  if (kind === "SINCE" && cursor !== null) return { kind, cursor, ...window };
  return { kind: kind === "BOUNDED" ? "BOUNDED" : "FULL", ...window };
}

function needsNewRound(error: unknown): boolean {
  return error instanceof NotesLostError || (error instanceof ProviderFailure && error.action.kind === "FULL_ROUND");
}
