import { OAuth2Client } from "google-auth-library";
import { calendar } from "googleapis/build/src/apis/calendar/index.js";
import type { calendar_v3 } from "googleapis/build/src/apis/calendar/v3.js";
import type { Simulator } from "../../src/simulator/simulator.js";
import { expectAnswer } from "./answer-schemas.js";

export type ListParameters = calendar_v3.Params$Resource$Events$List;
export type Event = calendar_v3.Schema$Event;

/** The official client, unmodified and without retries, against a simulator: every answer is checked against its own types. */
export class GoogleClient {
  readonly api: calendar_v3.Calendar;

  constructor(simulator: Simulator, accessToken: string) {
    const auth = new OAuth2Client();
    auth.setCredentials({ access_token: accessToken });
    this.api = calendar({ version: "v3", auth, rootUrl: simulator.googleApiUrl, retry: false });
  }

  /** One page. */
  async page(parameters: ListParameters = {}): Promise<calendar_v3.Schema$Events> {
    const { data } = await this.api.events.list({ calendarId: "primary", ...parameters });
    expectAnswer("Events", data);
    return data;
  }

  /** Every page, with the number of pages and the token of the last one. */
  async list(
    parameters: ListParameters = {},
    betweenPages: () => void = () => undefined,
  ): Promise<{ items: Event[]; pages: number; syncToken: string | null }> {
    const items: Event[] = [];
    let pageToken: string | undefined;
    for (let pages = 1; pages <= 500; pages += 1) {
      const page = await this.page({ ...parameters, ...(pageToken === undefined ? {} : { pageToken }) });
      items.push(...(page.items ?? []));
      if (page.nextPageToken == null) return { items, pages, syncToken: page.nextSyncToken ?? null };
      if (page.nextSyncToken != null) throw new Error("A page has both a next page and a sync token");
      pageToken = page.nextPageToken;
      betweenPages();
    }
    throw new Error("The list does not end");
  }

  async get(eventId: string): Promise<Event> {
    const { data } = await this.api.events.get({ calendarId: "primary", eventId });
    expectAnswer("Event", data);
    return data;
  }
}

export interface Refusal {
  status: number | undefined;
  reason: string | undefined;
  body: unknown;
  headers: Headers;
}

/** What the client's error holds of an answer. */
interface AnsweredError extends Error {
  status?: number;
  response: { data: unknown; headers: Headers };
}

function isAnswered(error: unknown): error is AnsweredError {
  return error instanceof Error && "response" in error && error.response !== undefined;
}

/** The refusal of a call that has to fail with an answer. */
export async function refusalOf(call: Promise<unknown>): Promise<Refusal> {
  try {
    await call;
  } catch (error) {
    if (!isAnswered(error)) throw error;
    const { data, headers } = error.response;
    const body = data as { error?: { errors?: { reason?: string }[] } };
    return { status: error.status, reason: body.error?.errors?.[0]?.reason, body: data, headers };
  }
  throw new Error("The call was expected to fail");
}

export function ids(items: readonly Event[]): string[] {
  return items.map((item) => item.id ?? "");
}
