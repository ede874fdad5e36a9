import type { StartedAttempt } from "../attempts/start-attempt.js";
import { providerFailure } from "../providers/failure.js";
import { ProviderFailure, type CalendarProvider, type OpenCalendar, type ProviderCall } from "../providers/provider.js";
import type { AccessTokens } from "./access-tokens.js";
import type { Probe } from "./probe.js";
import type { RequestLease } from "./request-lease.js";

/** The first may have been refused for its age, the second be another process's, from before what has made the first one bad. */
const mostRefusedTokens = 3;

/** One attempt's way to its calendar: keeps to the provider's quotas, counts its requests, and refreshes an access token that is refused. */
export class CalendarAccess {
  /** HTTP requests sent so far, whatever came of them. */
  requestCount = 0;

  private accessToken: string | null = null;
  /** Why a request was not sent at all, which the provider's client cannot tell. */
  private refusal: Error | null = null;
  private readonly ended = new AbortController();
  private readonly call: ProviderCall;
  private readonly calendar: OpenCalendar;

  constructor(
    private readonly attempt: StartedAttempt,
    readonly provider: CalendarProvider,
    private readonly tokens: AccessTokens,
    signal: AbortSignal,
    private readonly probe: Probe,
    private readonly lease: RequestLease,
  ) {
    this.call = {
      signal: AbortSignal.any([signal, this.ended.signal]),
      admit: () => this.admit(),
      onRequest: () => {
        this.requestCount += 1;
      },
    };
    this.calendar = provider.openCalendar(attempt.connection.calendarId, this.call);
  }

  /** @throws ProviderFailure */
  async ask<Answer>(question: (calendar: OpenCalendar, accessToken: string) => Promise<Answer>): Promise<Answer> {
    try {
      const answer = await this.answerTo(question);
      await this.probe.answered();
      return answer;
    } catch (error) {
      throw this.refusal ?? error;
    }
  }

  private async admit(): Promise<void> {
    try {
      await this.lease.admit(this.call.signal);
    } catch (error) {
      if (error instanceof Error && !this.call.signal.aborted) this.refusal = error;
      throw error;
    }
  }

  private async answerTo<Answer>(
    question: (calendar: OpenCalendar, accessToken: string) => Promise<Answer>,
  ): Promise<Answer> {
    let token = (this.accessToken ??= await this.token(null));
    for (let refused = 1; ; refused += 1) {
      try {
        return await question(this.calendar, token);
      } catch (error) {
        if (!isRefusedToken(error)) throw error;
        if (refused === mostRefusedTokens) throw lastWord(error);
        token = this.accessToken = await this.token(token);
      }
    }
  }

  /** Ends what is still being asked: a page fetched ahead of a failed write. */
  end(): void {
    this.ended.abort();
  }

  private token(refused: string | null): Promise<string> {
    const { firmId, connection } = this.attempt;
    const { provider, call } = this;
    const stored = refused === null ? this.attempt.credentials : null;
    return this.tokens.get({ firmId, connectionId: connection.id, provider, call, refused, stored });
  }
}

function isRefusedToken(error: unknown): error is ProviderFailure {
  return error instanceof ProviderFailure && error.action.kind === "REFRESH_ACCESS";
}

/** No new token would help. */
function lastWord(refusal: ProviderFailure): ProviderFailure {
  const { providerStatus, providerRequestId } = refusal;
  return providerFailure("ACCESS_TOKEN_REFUSED", {
    action: { kind: "REVOKE", reason: "CREDENTIALS_REFUSED" },
    providerStatus,
    providerRequestId,
    cause: refusal,
  });
}
