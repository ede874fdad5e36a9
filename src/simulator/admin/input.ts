import { z } from "zod";
import { USUAL_MAILBOX_RULE } from "../mailbox-limits.js";

/** What the admin routes accept. Unknown keys are refused, so that a misspelt one is noticed. */

const moment = z.union([
  z.strictObject({ date: z.string() }),
  z.strictObject({ dateTime: z.string(), timeZone: z.string().optional() }),
]);

const attendee = z.strictObject({
  email: z.string(),
  displayName: z.string().exactOptional(),
  responseStatus: z.enum(["needsAction", "declined", "tentative", "accepted"]).exactOptional(),
});

const texts = z.record(z.string(), z.string());

const event = z.strictObject({
  id: z
    .string()
    .regex(/^[a-v0-9]{5,1024}$/, "5 to 1024 of a-v and 0-9")
    .optional(),
  uid: z.string().optional(),
  title: z.string().optional(),
  description: z.string().optional(),
  location: z.string().optional(),
  start: moment,
  end: moment,
  recurrence: z.array(z.string()).min(1).optional(),
  status: z.enum(["confirmed", "tentative"]).optional(),
  eventType: z.string().optional(),
  visibility: z.enum(["default", "public", "private", "confidential"]).optional(),
  transparency: z.enum(["opaque", "transparent"]).optional(),
  attendees: z.array(attendee).optional(),
  organizerEmail: z.string().optional(),
  privateProperties: texts.optional(),
  sharedProperties: texts.optional(),
  isCalledOff: z.boolean().optional(),
});

const place = { account: z.string(), calendar: z.string().default("primary") };

export const eventInput = z.discriminatedUnion("action", [
  z.strictObject({ action: z.literal("create"), ...place, event }),
  z.strictObject({
    action: z.literal("update"),
    ...place,
    id: z.string(),
    event: event.omit({ id: true, uid: true }).partial(),
  }),
  z.strictObject({ action: z.literal("cancel"), ...place, id: z.string() }),
  z.strictObject({ action: z.literal("delete"), ...place, id: z.string() }),
  z.strictObject({ action: z.literal("move"), ...place, id: z.string(), to: z.string() }),
]);

const provider = z.enum(["google", "microsoft"]);

export const faultInput = z.strictObject({
  match: z
    .strictObject({
      provider: provider.optional(),
      method: z.string().optional(),
      pathRegex: z.string().refine(isPattern, "not a regular expression").optional(),
      account: z.string().optional(),
      nth: z.int().min(1).optional(),
    })
    .optional(),
  times: z.int().min(1).nullable().optional(),
  when: z.enum(["before", "after"]).optional(),
  then: z.strictObject({
    status: z.int().min(200).max(599).optional(),
    body: z.unknown().optional(),
    headers: texts.optional(),
    delayMs: z.number().min(0).optional(),
    destroy: z.boolean().optional(),
    truncate: z.union([z.boolean(), z.int().min(0)]).optional(),
    replace: z
      .strictObject({ pattern: z.string().refine(isPattern, "not a regular expression"), with: z.string() })
      .optional(),
    hang: z.boolean().optional(),
    dripMs: z.number().min(0).optional(),
    padBytes: z.int().min(0).max(1_000_000_000).optional(),
  }),
});

export const clockInput = z.strictObject({ ms: z.number().min(0) });

export const expireInput = z.strictObject({
  kind: z.enum(["sync", "access"]).default("sync"),
  account: z.string().optional(),
  calendar: z.string().optional(),
});

export const revokeInput = z.strictObject({ account: z.string(), isRevoked: z.boolean().default(true) });

export const accountInput = z.strictObject({
  email: z.email(),
  provider: provider.exactOptional(),
  name: z.string().exactOptional(),
  timeZone: z.string().exactOptional(),
});

export const calendarInput = z.strictObject({
  account: z.string(),
  id: z.string().min(1),
  name: z.string(),
  description: z.string().exactOptional(),
  timeZone: z.string().default("UTC"),
  accessRole: z.enum(["owner", "writer", "reader", "freeBusyReader"]).exactOptional(),
});

export const calendarPlace = z.strictObject({ account: z.string(), calendar: z.string() });

const scopes = z.array(z.string()).exactOptional();

export const tokenInput = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("access"), account: z.string(), scopes, lifeSeconds: z.number().exactOptional() }),
  z.strictObject({ kind: z.literal("refresh"), account: z.string(), scopes }),
  z.strictObject({ kind: z.literal("code"), account: z.string(), scopes, redirectUri: z.string().exactOptional() }),
]);

export const scenarioInput = z.strictObject({
  pages: z.enum(["full", "short", "empty", "endless", "repeated"]),
  hasDuplicates: z.boolean(),
  deletedSeries: z.enum(["instances", "series"]),
  errorStyle: z.enum(["both", "older", "newer"]),
  isWriteQuotaExceeded: z.boolean(),
  notificationLoss: z.number().min(0).max(1),
  isWithoutSyncToken: z.boolean(),
  itemOrder: z.enum(["creation", "arbitrary"]),
  hasReplays: z.boolean(),
  deletedOccurrence: z.enum(["reported", "silent"]),
  expiredState: z.enum(["gone", "badRequest", "notFound", "resyncRequired"]),
  isRotationStrict: z.boolean(),
  refusedGrant: z.enum([
    "expired",
    "passwordChanged",
    "multiFactor",
    "interactionRequired",
    "consent",
    "consentRequired",
  ]),
  isClaimsChallenge: z.boolean(),
  mailboxConcurrencyStatus: z.union([z.literal(429), z.literal(503)]),
  duplicateTransactionStatus: z.union([z.literal(400), z.literal(409)]),
  hasExistingEventId: z.boolean(),
  originalTimeZone: z.enum(["windows", "iana", "custom"]),
});

export const lifecycleInput = z.strictObject({
  account: z.string(),
  event: z.enum(["subscriptionRemoved", "missed", "reauthorizationRequired"]),
});

export const throttleInput = z.strictObject({
  requests: z.int().min(0),
  perSeconds: z.number().positive(),
  status: z.union([z.literal(403), z.literal(429)]).default(429),
  account: z.string().optional(),
  isWithoutRetryAfter: z.boolean().optional(),
});

export const mailboxLimitsInput = z.strictObject({
  concurrent: z.int().min(1).default(USUAL_MAILBOX_RULE.concurrent),
  requests: z.int().min(0).default(USUAL_MAILBOX_RULE.requests),
  perSeconds: z.number().positive().default(USUAL_MAILBOX_RULE.perSeconds),
});

export const profileInput = z.strictObject({ profile: z.string().nullable() });

export const zoneInput = z.strictObject({ ...place, timeZone: z.string() });

/** A time with an offset, or a day, which means its midnight in UTC. */
const instant = z.union([z.iso.datetime({ offset: true }), z.iso.date()]);

export const occurrencesQuery = z.strictObject({
  account: z.string(),
  calendar: z.string().default("primary"),
  from: instant,
  to: instant,
});

export const requestsQuery = z.strictObject({
  account: z.string().optional(),
  provider: provider.optional(),
  method: z.string().optional(),
  since: z.coerce.number().int().optional(),
});

function isPattern(text: string): boolean {
  try {
    return new RegExp(text) instanceof RegExp;
  } catch {
    return false;
  }
}
