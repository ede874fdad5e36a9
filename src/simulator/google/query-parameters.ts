import { isTimeZone } from "../time-zone.js";
import { invalidValue } from "./google-error.js";

/** Typed reading of query parameters. Every method throws GoogleError 400 `invalid`, naming the parameter, for a bad value. */
export class QueryParameters {
  constructor(readonly search: URLSearchParams) {}

  text(name: string): string | null {
    return this.search.get(name);
  }

  texts(name: string): string[] {
    return this.search.getAll(name);
  }

  boolean(name: string): boolean | null {
    const value = this.search.get(name);
    if (value === null) return null;
    if (value !== "true" && value !== "false") throw invalidValue(name, `Invalid boolean value: "${value}".`);
    return value === "true";
  }

  /** The page size: larger ones than `most` mean `most`. */
  pageSize(usual: number, most: number): number {
    return Math.min(this.positive("maxResults") ?? usual, most);
  }

  positive(name: string): number | null {
    const value = this.search.get(name);
    if (value === null) return null;
    if (!/^\d{1,9}$/.test(value) || Number(value) < 1) throw invalidValue(name, `Invalid integer value: "${value}".`);
    return Number(value);
  }

  /** An RFC 3339 time with an offset, which is demanded; fractions of seconds are ignored. */
  instant(name: string): number | null {
    const value = this.search.get(name);
    if (value === null) return null;
    const isWellFormed = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/i.test(value);
    const instant = isWellFormed ? Date.parse(value.toUpperCase()) : NaN;
    if (Number.isNaN(instant)) throw invalidValue(name, "Bad Request");
    return Math.floor(instant / 1000) * 1000;
  }

  choice<T extends string>(name: string, choices: readonly T[]): T | null {
    const value = this.search.get(name);
    return value === null ? null : this.#oneOf(name, value, choices);
  }

  choices<T extends string>(name: string, choices: readonly T[]): T[] {
    return this.search.getAll(name).map((value) => this.#oneOf(name, value, choices));
  }

  timeZone(name: string): string | null {
    const value = this.search.get(name);
    if (value !== null && !isTimeZone(value)) throw invalidValue(name, `Invalid time zone: "${value}".`);
    return value;
  }

  /** `name=value` pairs; both parts are demanded. */
  properties(name: string): [string, string][] {
    return this.search.getAll(name).map((text) => {
      const at = text.indexOf("=");
      if (at < 1) throw invalidValue(name);
      return [text.slice(0, at), text.slice(at + 1)];
    });
  }

  #oneOf<T extends string>(name: string, value: string, choices: readonly T[]): T {
    const found = choices.find((choice) => choice === value);
    if (found === undefined)
      throw invalidValue(name, `Invalid string value: "${value}". Allowed values: [${choices.join(", ")}]`);
    return found;
  }
}
