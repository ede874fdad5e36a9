import { z } from "zod";
import { jsonAnswer } from "../answer.js";
import type { Answer, IncomingRequest } from "../answer.js";
import type { Control } from "../control.js";
import { externalCalendarId } from "../external-id.js";
import { MomentError } from "../moment.js";
import { RecurrenceError } from "../recurrence.js";
import { StateError } from "../state-error.js";
import * as input from "./input.js";
import { editEvent, shownEvent } from "./edit-event.js";

const ADMIN = "/__sim/";

type Route = (control: Control, request: IncomingRequest) => unknown;

/** The admin API: `METHOD path` → what it answers as JSON. */
const ROUTES: Readonly<Record<string, Route>> = {
  "GET state": (control) => control.state(),
  "GET requests": (control, request) => control.requests(input.requestsQuery.parse(query(request))),
  "DELETE requests": (control) =>
    done(() => {
      control.clearRequests();
    }),
  "GET occurrences": occurrences,
  "GET events": events,
  "POST events": (control, request) => editEvent(control, input.eventInput.parse(body(request))),
  "GET faults": (control) => control.state().faults,
  "POST faults": (control, request) => control.addFault(input.faultInput.parse(body(request))),
  "DELETE faults": (control, request) =>
    done(() => {
      const id = request.url.searchParams.get("id");
      control.clearFaults(id === null ? undefined : z.coerce.number().int().parse(id));
    }),
  "POST clock/advance": (control, request) => {
    control.advanceClock(input.clockInput.parse(body(request)).ms);
    return { now: control.state().now };
  },
  "POST tokens": issueToken,
  "POST tokens/expire": (control, request) =>
    done(() => {
      const { kind, account, calendar } = input.expireInput.parse(body(request));
      if (kind === "sync") control.expireSyncTokens(account, calendar);
      else control.expireAccessTokens(account);
    }),
  "POST revoke": (control, request) =>
    done(() => {
      const { account, isRevoked } = input.revokeInput.parse(body(request));
      control.setRevoked(account, isRevoked);
    }),
  "POST accounts": (control, request) => {
    const { email, ...options } = input.accountInput.parse(body(request));
    control.addAccount(email, options);
    const calendarId = control.externalCalendarId(email);
    return { email, refreshToken: control.refreshTokenOf(email), calendarId };
  },
  "POST calendars": (control, request) => {
    const calendar = control.addCalendar(input.calendarInput.parse(body(request)));
    return { ...calendar.description, externalId: externalCalendarId(calendar) };
  },
  "DELETE calendars": (control, request) =>
    done(() => {
      const { account, calendar } = input.calendarPlace.parse(query(request));
      control.removeCalendar(account, calendar);
    }),
  "POST scenario": (control, request) =>
    control.setScenario(defined(input.scenarioInput.partial().parse(body(request)))),
  "POST throttle": (control, request) =>
    done(() => {
      control.setThrottle(input.throttleInput.parse(body(request)));
    }),
  "DELETE throttle": (control) =>
    done(() => {
      control.setThrottle(null);
    }),
  "POST limits": (control, request) =>
    done(() => {
      control.setMailboxLimits(input.mailboxLimitsInput.parse(body(request)));
    }),
  "DELETE limits": (control) =>
    done(() => {
      control.setMailboxLimits(null);
    }),
  "POST profile": (control, request) =>
    done(() => {
      control.setProfile(input.profileInput.parse(body(request)).profile);
    }),
  "POST zone": (control, request) =>
    done(() => {
      const { account, calendar, timeZone } = input.zoneInput.parse(body(request));
      control.setTimeZone(account, timeZone, calendar);
    }),
  "POST lifecycle": async (control, request) => {
    const { account, event } = input.lifecycleInput.parse(body(request));
    return { told: await control.sendLifecycleEvent(account, event) };
  },
  "POST reset": (control) =>
    done(() => {
      control.reset();
    }),
};

export function isAdminPath(path: string): boolean {
  return path.startsWith(ADMIN);
}

/** The answer to an admin request: 400 with the reason for input that does not fit, 404 for what does not exist, 409 for what does already. */
export async function adminAnswer(control: Control, request: IncomingRequest): Promise<Answer> {
  const path = request.url.pathname.slice(ADMIN.length);
  const route = ROUTES[`${request.method} ${path}`];
  if (!route)
    return jsonAnswer(404, { error: `no admin route ${request.method} ${path}`, routes: Object.keys(ROUTES) });
  try {
    return jsonAnswer(200, await route(control, request));
  } catch (error) {
    return refusal(error);
  }
}

function refusal(error: unknown): Answer {
  if (error instanceof z.ZodError) return jsonAnswer(400, { error: z.prettifyError(error) });
  if (
    error instanceof InputError ||
    error instanceof MomentError ||
    error instanceof RecurrenceError ||
    error instanceof RangeError
  ) {
    return jsonAnswer(400, { error: error.message });
  }
  if (!(error instanceof StateError)) throw error;
  const status = { missing: 404, duplicate: 409, cancelled: 409, invalid: 400 }[error.code];
  return jsonAnswer(status, { error: error.message });
}

class InputError extends Error {
  override name = "InputError";
}

function body(request: IncomingRequest): unknown {
  if (request.body === "") return {};
  try {
    return JSON.parse(request.body) as unknown;
  } catch (cause) {
    throw new InputError("the body is not JSON", { cause });
  }
}

function query(request: IncomingRequest): Record<string, string> {
  return Object.fromEntries(request.url.searchParams);
}

function done(action: () => void): { ok: true } {
  action();
  return { ok: true };
}

/** Drops the keys whose value is undefined. */
function defined<T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

function occurrences(control: Control, request: IncomingRequest) {
  const { account, calendar, from, to } = input.occurrencesQuery.parse(query(request));
  return control.occurrences(account, new Date(from), new Date(to), calendar);
}

/** Every stored event of a calendar: series as such, with their exceptions. */
function events(control: Control, request: IncomingRequest) {
  const { account, calendar } = input.calendarPlace
    .extend({ calendar: z.string().default("primary") })
    .parse(query(request));
  const shown = control.calendar(account, calendar);
  return shown.events.map((event) => shownEvent(shown, event));
}

function issueToken(control: Control, request: IncomingRequest): { token: string } {
  const { kind, account, ...options } = input.tokenInput.parse(body(request));
  if (kind === "access") return { token: control.issueAccessToken(account, options) };
  if (kind === "code") return { token: control.issueAuthorizationCode(account, options) };
  return { token: control.issueRefreshToken(account, options.scopes) };
}
