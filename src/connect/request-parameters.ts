import type { Request } from "express";
import type { ChosenCalendar } from "./choose-calendar.js";
import type { ConsentAnswer } from "./finish-consent.js";
import { ConsentRefusedError } from "./refusals.js";

const longestParameter = 4096;

/**
 * What the provider has sent the browser back with: a state, and a code or an error. It sends more, which means nothing here.
 * @throws ConsentRefusedError for what is missing, is there twice, or is too long
 */
export function consentAnswerIn(request: Request): Pick<ConsentAnswer, "state" | "outcome"> {
  const state = singleParameter(request, "state");
  const [code, error] = [optionalParameter(request, "code"), optionalParameter(request, "error")];
  if (code !== null && error === null) return { state, outcome: { code } };
  if (error !== null && code === null) return { state, outcome: { error } };
  throw new ConsentRefusedError("REQUEST_MALFORMED");
}

/** The one value of a parameter in the query. @throws ConsentRefusedError */
export function singleParameter(request: Request, name: string): string {
  const value = optionalParameter(request, name);
  if (value === null) throw new ConsentRefusedError("REQUEST_MALFORMED");
  return value;
}

/** The form of the page that was shown. @throws ConsentRefusedError */
export function chosenIn(request: Request): Pick<ChosenCalendar, "consentId" | "token" | "calendarId"> {
  // The parser leaves a body alone that is no form.
  const form: unknown = request.body;
  if (typeof form !== "object" || form === null) throw new ConsentRefusedError("BODY_NOT_A_FORM");
  const fields = new Map<string, unknown>(Object.entries(form));
  const field = (name: string): string => {
    const value = fields.get(name);
    if (typeof value === "string" && isFit(value)) return value;
    throw new ConsentRefusedError("REQUEST_MALFORMED");
  };
  return { consentId: field("consent"), token: field("token"), calendarId: field("calendar") };
}

function optionalParameter({ originalUrl }: Request, name: string): string | null {
  const query = originalUrl.includes("?") ? originalUrl.slice(originalUrl.indexOf("?")) : "";
  const values = new URLSearchParams(query).getAll(name);
  const [value] = values;
  if (value === undefined) return null;
  if (values.length > 1 || !isFit(value)) throw new ConsentRefusedError("REQUEST_MALFORMED");
  return value;
}

function isFit(value: string): boolean {
  return value !== "" && value.length <= longestParameter && !value.includes("\0");
}
