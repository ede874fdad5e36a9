import { createRequire } from "node:module";
import { TypeValidators } from "./schemas-of-types.js";

export type AnswerType = "Events" | "Event" | "Channel" | "CalendarList" | "Calendar";

const published = new TypeValidators(
  createRequire(import.meta.url).resolve("googleapis/build/src/apis/calendar/v3.d.ts"),
  "all",
);

/** Throws unless an answer has exactly the shape that the official client's types describe. */
export function expectAnswer(type: AnswerType, answer: unknown): void {
  const validate = published.validator(`calendar_v3.Schema$${type}`);
  if (validate(answer)) return;
  throw new Error(`Not ${type} as the official client describes it: ${JSON.stringify(validate.errors, null, 2)}`);
}
