import type { calendar_v3 } from "googleapis/build/src/apis/calendar/index.js";
import type { RefusedRequest } from "../classification.js";
import { providerFailure } from "../failure.js";
import type { ProviderFailure } from "../provider.js";
import { googleFailure } from "./errors.js";
import { instanceListFields, instanceListOf } from "./events.js";

/** Where requests go, and what sends them. */
export interface GoogleConnection {
  apiUrl: string;
  fetch: typeof fetch;
}

/** Of a request that goes on from nothing and changes nothing. */
export const singleEvent: RefusedRequest = { endpoint: "CALENDAR", hasCursor: false, hasPageToken: false };

/** The requests of one attempt to one calendar. Everything throws ProviderFailure, nothing else. */
export class GoogleRequests {
  /** Once it has answered, an event that is not found is gone rather than out of reach. */
  #isReachable = false;

  constructor(
    readonly api: calendar_v3.Calendar,
    private readonly connection: GoogleConnection,
    readonly calendarId: string,
  ) {}

  /**
   * @param read what the answer says; null where it is not what it should be
   * @param etag of the event that the request means to change
   */
  async send<Answer>(
    asked: RefusedRequest,
    accessToken: string,
    read: (data: unknown) => Answer | null,
    request: (options: RequestOptions) => Promise<{ data: unknown; status: number }>,
    etag?: string,
  ): Promise<Answer> {
    try {
      const { data, status } = await request(optionsOf(this.connection, accessToken, etag));
      // A truncated answer comes as a success whose data is its text.
      const answer = read(data);
      if (answer === null) throw providerFailure("MALFORMED_ANSWER", { providerStatus: status });
      this.#isReachable = true;
      return answer;
    } catch (error) {
      throw googleFailure(error, asked);
    }
  }

  /** An event or a series as Google tells it, also a cancelled one; null when there is none. */
  async find(eventId: string, accessToken: string, fields: string): Promise<object | null> {
    try {
      const parameters = { calendarId: this.calendarId, eventId, fields };
      return await this.send(singleEvent, accessToken, objectOf, (options) => this.api.events.get(parameters, options));
    } catch (error) {
      const failure = googleFailure(error, singleEvent);
      if (!isNotFound(failure)) throw failure;
      await this.#assertReachable(accessToken);
      return null;
    }
  }

  /** By a list, for which the right to read events is enough. */
  async #assertReachable(accessToken: string): Promise<void> {
    if (this.#isReachable) return;
    const parameters = { calendarId: this.calendarId, maxResults: 1, fields: instanceListFields };
    await this.send(singleEvent, accessToken, instanceListOf, (options) => this.api.events.list(parameters, options));
  }
}

type RequestOptions = ReturnType<typeof optionsOf>;

function optionsOf({ apiUrl, fetch }: GoogleConnection, accessToken: string, etag?: string) {
  return {
    // Per request: as a global option it would drop a path of the address.
    rootUrl: apiUrl,
    headers: { authorization: `Bearer ${accessToken}`, ...(etag !== undefined && { "if-match": etag }) },
    fetchImplementation: fetch,
  };
}

function objectOf(data: unknown): object | null {
  return typeof data === "object" && !Array.isArray(data) ? data : null;
}

/** 410 is what Google answers for some events deleted long ago. */
export function isNotFound({ errorCode, providerStatus }: ProviderFailure): boolean {
  return providerStatus === 410 || errorCode === "CALENDAR_NOT_FOUND";
}
