import { z } from "zod";
import { Refusal } from "./answer.js";
import { withoutParameter, withParameter } from "./links.js";

/** A page as Django REST Framework's PageNumberPagination writes it. */
export interface Envelope<Row> {
  count: number;
  next: string | null;
  previous: string | null;
  results: Row[];
}

export interface PageRequest {
  number: number | "last";
  size: number;
}

const largestSize = 200;
/** A page may begin after so many rows: GraphQL's largest offset. */
const furthestOffset = 10_000;

export const pageParameters = {
  page: z.string().optional().meta({ description: "The page's number from 1, or `last`." }),
  page_size: z.string().optional().meta({ description: "Rows of a page: 1 to 200." }),
};

export function envelopeSchema(row: z.ZodType) {
  return {
    count: z.int().nonnegative().meta({ description: "Rows of the whole list." }),
    next: z.url().nullable(),
    previous: z.url().nullable(),
    results: z.array(row),
  };
}

/** @throws Refusal 400 naming page_size, or 404 "Invalid page." */
export function readPage(parameters: ReadonlyMap<string, string>, defaultSize: number): PageRequest {
  const size = readSize(parameters.get("page_size"), defaultSize);
  const text = parameters.get("page") ?? "";
  if (text === "last") return { number: "last", size };
  const number = text === "" ? 1 : wholeNumber(text);
  if (number === null || number < 1 || offsetOf(number, size) > furthestOffset) throw invalidPage();
  return { number, size };
}

function readSize(text: string | undefined, defaultSize: number): number {
  if (text === undefined) return defaultSize;
  const size = wholeNumber(text);
  if (size === null) throw badSize("A valid integer is required.");
  if (size < 1) throw badSize("Ensure this value is greater than or equal to 1.");
  if (size > largestSize) throw badSize(`Ensure this value is less than or equal to ${largestSize}.`);
  return size;
}

/** A plus sign in a query is a blank, which Python's int() ignores around a number. */
function wholeNumber(text: string): number | null {
  return /^\s*[+-]?\d+\s*$/.test(text) ? Number(text) : null;
}

function badSize(message: string): Refusal {
  return new Refusal("BAD_USER_INPUT", { status: 400, body: { page_size: [message] } });
}

function invalidPage(): Refusal {
  return new Refusal("NOT_FOUND", { status: 404, body: { detail: "Invalid page." } });
}

export function offsetOf(number: number, size: number): number {
  return (number - 1) * size;
}

/** The last page that can be reached. */
export function lastPage(totalCount: number, size: number): number {
  const ofList = Math.max(1, Math.ceil(totalCount / size));
  return Math.min(ofList, Math.floor(furthestOffset / size) + 1);
}

/**
 * The page's rows in their envelope. `url` is the request's own, absolute.
 * @throws Refusal 404 for a page past the end
 */
export function envelopeOf<Row>(
  page: { number: number; size: number },
  url: string,
  totalCount: number,
  results: Row[],
): Envelope<Row> {
  const { number } = page;
  const last = lastPage(totalCount, page.size);
  if (number > last) throw invalidPage();
  return {
    count: totalCount,
    next: number < last ? withParameter(url, "page", String(number + 1)) : null,
    previous: previousOf(url, number),
    results,
  };
}

/** The first page is the one without a number. */
function previousOf(url: string, number: number): string | null {
  if (number === 1) return null;
  return number === 2 ? withoutParameter(url, "page") : withParameter(url, "page", String(number - 1));
}
