import { refusals } from "./refusals.js";

/**
 * Whether the client takes JSON: by a suffix of the path or the parameter `format`, and by its Accept header, whose qualities and
 * parameters do not count.
 * @param format the suffix or the parameter; null or empty where there is none
 * @throws Refusal 404 for another format, 406 where no JSON is accepted
 */
export function assertTakesJson(format: string | null, accept: string | undefined): void {
  if (format !== null && format !== "" && format !== "json") throw refusals.notFound();
  const ranges = (accept ?? "*/*").split(",").map((range) => range.split(";", 1)[0]?.trim().toLowerCase());
  if (!ranges.some((range) => range === "*/*" || range === "application/*" || range === "application/json")) {
    throw refusals.notAcceptable();
  }
}
