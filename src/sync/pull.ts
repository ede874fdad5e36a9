import type { StartedAttempt } from "../attempts/start-attempt.js";
import { providerFailure } from "../providers/failure.js";
import {
  ProviderFailure,
  type CalendarProvider,
  type ChangePage,
  type ChangeRange,
  type OpenCalendar,
  type ProviderCall,
} from "../providers/provider.js";
import type { AccessTokens } from "./access-tokens.js";
import { NotesLostError, type AttemptWriter, type Round } from "./attempt-writer.js";

const mostPages = 10_000;

export interface PullParts {
  provider: CalendarProvider;
  tokens: AccessTokens;
  writer: AttemptWriter;
  window: { pastDays: number; futureDays: number };
}

/**
 * One attempt at a pull: page after page from the provider, each written while the next one is fetched; the cursor moves with the
 * last. Goes on at the run's checkpointed page. A dead cursor, or marks lost in a crash, lead to one full round within the
 * attempt. Throws what stops it; closing the attempt is the caller's.
 */
export class Pull {
  /** HTTP requests sent so far, whatever came of them. */
  requestCount = 0;

  private accessToken: string | null = null;
  private readonly pageTokens = new Set<string>();
  private readonly fetching = new AbortController();
  private readonly call: ProviderCall;
  private readonly calendar: OpenCalendar;

  constructor(
    private readonly attempt: StartedAttempt,
    private readonly parts: PullParts,
    signal: AbortSignal,
  ) {
    this.call = {
      signal: AbortSignal.any([signal, this.fetching.signal]),
      onRequest: () => {
        this.requestCount += 1;
      },
    };
    this.calendar = parts.provider.openCalendar(attempt.connection.calendarId, this.call);
  }

  async run(): Promise<void> {
    try {
      await this.pages(await this.firstRound(), this.attempt.run.pageToken);
    } catch (error) {
      if (!needsFullRound(error)) throw error;
      this.pageTokens.clear();
      await this.pages(await this.parts.writer.beginFullRound(this.parts.window), null);
    } finally {
      this.fetching.abort(); // a page fetched ahead of a failed write
    }
  }

  private async firstRound(): Promise<Round> {
    const { run, connection } = this.attempt;
    if (run.isFullRound && run.roundStart && run.roundEnd) {
      return { isFull: true, range: { start: run.roundStart, end: run.roundEnd } };
    }
    if (run.operation === "RESYNC" || !this.hasCursor() || !connection.windowStart || !connection.windowEnd) {
      return this.parts.writer.beginFullRound(this.parts.window);
    }
    return { isFull: false, range: { start: connection.windowStart, end: connection.windowEnd } };
  }

  /** A cursor made with other request parameters is as good as none. */
  private hasCursor(): boolean {
    const { cursor, cursorFingerprint } = this.attempt.connection;
    return cursor !== null && cursorFingerprint === this.parts.provider.cursorFingerprint;
  }

  private async pages(round: Round, firstToken: string | null): Promise<void> {
    let next = this.fetchPage(round, firstToken);
    for (;;) {
      const page = await this.resolved(await next);
      if (page.nextPageToken === null) {
        await this.parts.writer.finish(page, round, this.parts.provider.cursorFingerprint, this.requestCount);
        return;
      }
      this.notePageToken(page.nextPageToken);
      next = this.fetchPage(round, page.nextPageToken);
      next.catch(() => undefined); // seen when it is awaited, after the write
      await this.parts.writer.writePage(page, round, this.requestCount);
    }
  }

  private notePageToken(token: string): void {
    if (this.pageTokens.has(token)) throw providerFailure("PAGE_TOKEN_REPEATED");
    if (this.pageTokens.size >= mostPages) throw providerFailure("TOO_MANY_PAGES");
    this.pageTokens.add(token);
  }

  private fetchPage(round: Round, pageToken: string | null): Promise<ChangePage> {
    const range = rangeOf(round, this.attempt.connection.cursor);
    return this.withAccess((accessToken) => this.calendar.listChanges({ accessToken, range, pageToken }));
  }

  /** Asks what has become of the events we hold that a page calls missing. The page before has been written by now. */
  private async resolved(page: ChangePage): Promise<ChangePage> {
    const told = page.changes.filter(({ kind }) => kind !== "missing");
    if (told.length === page.changes.length) return page;
    const events = await this.parts.writer.heldEvents(page.changes);
    if (events.length === 0) return { ...page, changes: told };
    const asked = await this.withAccess((accessToken) => this.calendar.getEvents({ accessToken, events }));
    return { ...page, changes: [...told, ...asked] };
  }

  private async withAccess<Answer>(ask: (accessToken: string) => Promise<Answer>): Promise<Answer> {
    const token = (this.accessToken ??= await this.token(null));
    try {
      return await ask(token);
    } catch (error) {
      if (!(error instanceof ProviderFailure) || error.action.kind !== "REFRESH_ACCESS") throw error;
      this.accessToken = await this.token(token);
      return await lastWord(ask(this.accessToken));
    }
  }

  private token(refused: string | null): Promise<string> {
    const { firmId, connection } = this.attempt;
    const { provider, tokens } = this.parts;
    return tokens.get({ firmId, connectionId: connection.id, provider, call: this.call, refused });
  }
}

/** A fresh access token that is refused too is the provider's last word. */
async function lastWord<Answer>(asked: Promise<Answer>): Promise<Answer> {
  try {
    return await asked;
  } catch (error) {
    if (!(error instanceof ProviderFailure) || error.action.kind !== "REFRESH_ACCESS") throw error;
    throw providerFailure("ACCESS_TOKEN_REFUSED", {
      action: { kind: "REVOKE", reason: "CREDENTIALS_REFUSED" },
      providerStatus: error.providerStatus,
      providerRequestId: error.providerRequestId,
      cause: error,
    });
  }
}

function rangeOf({ isFull, range }: Round, cursor: string | null): ChangeRange {
  const window = { windowStart: range.start, windowEnd: range.end };
  return isFull || cursor === null ? { kind: "FULL", ...window } : { kind: "SINCE", cursor, ...window };
}

function needsFullRound(error: unknown): boolean {
  return error instanceof NotesLostError || (error instanceof ProviderFailure && error.action.kind === "FULL_ROUND");
}
