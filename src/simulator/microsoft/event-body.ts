import { z } from "zod";
import type { Attendee, EventContent, EventStatus } from "../event.js";
import { GraphError, invalidProperty } from "./graph-error.js";
import { patternedRecurrence } from "./recurrence-rule.js";

/** An event as clients of Graph write it. */

const text = z.string().nullish();
const moment = z.object({ dateTime: z.string(), timeZone: text });

const attendee = z.object({
  emailAddress: z.object({ address: z.string().regex(/^[^@\s]+@[^@\s]+$/), name: text }),
});

const extendedProperty = z.object({ id: z.string().min(1), value: z.string() });

/** What a client may write and what is kept; the rest is read-only or has no meaning here. */
const eventBody = z.object({
  subject: text,
  body: z.object({ contentType: z.enum(["html", "text", "HTML", "Text"]).nullish(), content: text }).nullish(),
  start: moment.exactOptional(),
  end: moment.exactOptional(),
  isAllDay: z.boolean().exactOptional(),
  location: z.object({ displayName: text }).nullish(),
  attendees: z.array(attendee).nullish(),
  showAs: z.enum(["free", "tentative", "busy", "oof", "workingElsewhere", "unknown"]).nullish(),
  sensitivity: z.enum(["normal", "personal", "private", "confidential"]).nullish(),
  recurrence: patternedRecurrence.nullish(),
  transactionId: text,
  singleValueExtendedProperties: z.array(extendedProperty).exactOptional(),
});

export type EventBody = z.output<typeof eventBody>;

/** Throws GraphError 400 for what is no JSON or has values of other types. */
export function readBody(body: string): EventBody {
  const parsed = eventBody.safeParse(jsonOf(body));
  if (parsed.success) return parsed.data;
  const name = parsed.error.issues[0]?.path.join(".") ?? "";
  throw new GraphError(400, "RequestBodyRead", `Cannot convert the value of the property '${name}' to its type.`);
}

function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    throw new GraphError(400, "BadRequest", "Unable to read JSON request payload.");
  }
}

/** The content with what the body names: null takes a part away, extended properties are added to those there are. */
export function contentAfter(known: EventContent, body: EventBody): EventContent {
  const parts: { [K in keyof EventContent]?: EventContent[K] | undefined } = {
    ...known,
    ...("subject" in body ? { title: body.subject ?? undefined } : {}),
    ...("body" in body ? { description: plainText(body) } : {}),
    ...("location" in body ? { location: body.location?.displayName ?? undefined } : {}),
    ...("attendees" in body ? { attendees: body.attendees?.map((each) => attendeeOf(each, known)) } : {}),
    ...("sensitivity" in body ? { visibility: visibilityOf(body.sensitivity) } : {}),
    ...("showAs" in body ? { transparency: body.showAs === "free" ? "transparent" : undefined } : {}),
    ...(body.singleValueExtendedProperties ? { extendedProperties: extendedAfter(known, body) } : {}),
  };
  const present = Object.entries(parts).filter(([, value]) => value !== undefined);
  return { eventType: known.eventType, ...(Object.fromEntries(present) as Partial<EventContent>) };
}

/** Null where the body says nothing of it. */
export function statusOf({ showAs }: EventBody): EventStatus | null {
  return showAs == null ? null : showAs === "tentative" ? "tentative" : "confirmed";
}

/** What is kept is text: the service makes HTML of it again where that is asked for. */
function plainText({ body }: EventBody): string | undefined {
  const content = body?.content ?? undefined;
  if (content === undefined || body?.contentType?.toLowerCase() === "text") return content;
  const inner = /<body[^>]*>([\s\S]*)<\/body>/i.exec(content)?.[1] ?? content;
  const lines = inner.replace(/\r?\n/g, "").replace(/<br\s*\/?>|<\/(?:p|div)>/gi, "\n");
  return unescaped(lines.replace(/<[^>]*>/g, ""));
}

function unescaped(html: string): string {
  return html
    .replaceAll("&nbsp;", " ")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&amp;", "&");
}

/** Only attendees themselves answer an invitation. */
function attendeeOf({ emailAddress }: z.output<typeof attendee>, { attendees }: EventContent): Attendee {
  const { address: email, name } = emailAddress;
  const known = attendees?.find((candidate) => candidate.email.toLowerCase() === email.toLowerCase());
  return {
    email,
    ...(name == null ? {} : { displayName: name }),
    ...(known?.responseStatus === undefined ? {} : { responseStatus: known.responseStatus }),
  };
}

function visibilityOf(sensitivity: EventBody["sensitivity"]): string | undefined {
  if (sensitivity == null || sensitivity === "normal") return undefined;
  return sensitivity === "confidential" ? "confidential" : "private";
}

const PROPERTY_ID =
  /^(?:String|Integer|Boolean|SystemTime|Double|Long) (?:\{[0-9a-f-]{36}\} (?:Name \S.*|Id 0x[0-9a-f]+)|0x[0-9a-f]+)$/i;

function extendedAfter({ extendedProperties }: EventContent, body: EventBody): Record<string, string> {
  const written = body.singleValueExtendedProperties ?? [];
  const malformed = written.find(({ id }) => !PROPERTY_ID.test(id));
  if (malformed) throw invalidProperty(`The extended property id '${malformed.id}' is malformed.`);
  return { ...extendedProperties, ...Object.fromEntries(written.map(({ id, value }) => [id, value])) };
}
