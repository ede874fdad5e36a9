import type { TimeRange } from "../appointments/time-range.js";
import type { StartedAttempt } from "../attempts/start-attempt.js";
import type { SyncRun } from "../attempts/sync-run.entity.js";
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
import { movedWindow, windowOf, type PullWindow } from "./pull-window.js";

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
    private readonly window: PullWindow,
    private readonly mostPages: number,
    /** When the last page has come, before it is written. */
    private readonly beforeFinish: () => Promise<void>,
  ) {}

  async run(): Promise<void> {
    try {
      const round = await this.firstRound();
      await this.listStrip(round);
      await this.pages(round, this.attempt.run.pageToken);
    } catch (error) {
      if (!needsNewRound(error)) throw error;
      this.pageTokens.clear();
      await this.pages(await this.newRound(), null);
    }
  }

  private async firstRound(): Promise<Round> {
    const { run, connection } = this.attempt;
    const begun = roundOf(run);
    if (run.isFullRound && begun) return { kind: run.isBounded() ? "BOUNDED" : "FULL", range: begun };
    const window = windowOf(connection);
    if (run.operation === "RESYNC" || !this.hasCursor() || !window) return this.newRound();
    if (begun) return { kind: "SINCE", range: begun };
    const moved = movedWindow(window, this.attempt.startedAt, this.window);
    if (!moved) return { kind: "SINCE", range: window };
    const isRoundKept = !this.access.provider.isCursorBoundToWindow && moved.start >= window.start;
    return isRoundKept ? this.writer.beginMovingRound(moved) : this.newRound();
  }

  /**
   * What a window that moves has not covered yet is listed before the changes since the cursor, which tell what happens to it from
   * then on, and never what has not changed. Once they have begun it is behind us; before, it is listed again.
   */
  private async listStrip(round: Round): Promise<void> {
    const { windowEnd: start } = this.attempt.connection;
    const { end } = round.range;
    if (round.kind !== "SINCE" || !start || start >= end || this.attempt.run.pageToken !== null) return;
    const strip = { kind: "STRIP", range: { start, end } } as const;
    let pageToken: string | null = null;
    do {
      const page: ChangePage = await this.fetchPage(strip, pageToken);
      pageToken = page.nextPageToken;
      if (pageToken !== null) this.notePageToken(pageToken);
      await this.writer.writePage({ ...page, resumePageToken: null }, strip, this.access.requestCount);
    } while (pageToken !== null);
    this.pageTokens.clear();
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

  /**
   * A bounded round does not know whether what it misses is gone or has moved elsewhere: that is asked singly. So is what a full round
   * misses although that may be there.
   */
  private async finish(page: ChangePage, round: Round): Promise<void> {
    if (round.kind !== "BOUNDED") {
      await this.beforeFinish();
      const uncertain = round.kind === "FULL" ? await this.writer.uncertainEvents(page, round) : [];
      const changes = [...page.changes, ...(await this.askFor(uncertain))];
      const { cursorFingerprint } = this.access.provider;
      await this.writer.finish({ ...page, changes }, round, cursorFingerprint, this.access.requestCount);
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

  private notePageToken(token: string): void {
    if (this.pageTokens.has(token)) throw providerFailure("PAGE_TOKEN_REPEATED");
    if (this.pageTokens.size + 1 >= this.mostPages) throw providerFailure("TOO_MANY_PAGES");
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

function roundOf({ roundStart: start, roundEnd: end }: SyncRun): TimeRange | null {
  return start && end ? { start, end } : null;
}

function rangeOf({ kind, range }: Round, cursor: string | null): ChangeRange {
  const window = { windowStart: range.start, windowEnd: range.end };
  if (kind === "SINCE" && cursor !== null) return { kind, cursor, ...window };
  return { kind: kind === "FULL" ? "FULL" : "BOUNDED", ...window };
}

function needsNewRound(error: unknown): boolean {
  return error instanceof NotesLostError || (error instanceof ProviderFailure && error.action.kind === "FULL_ROUND");
}
