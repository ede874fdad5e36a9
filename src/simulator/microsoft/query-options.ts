import { badQuery } from "./graph-error.js";

/** The query of a request. Names are read whatever their capitals. */
export class QueryOptions {
  readonly #values = new Map<string, string>();

  /** Throws GraphError where a name occurs twice. */
  constructor(search: URLSearchParams) {
    for (const [name, value] of search) {
      const key = name.toLowerCase();
      if (this.#values.has(key))
        throw badQuery(`Query option '${name}' was specified more than once, but it must be specified at most once.`);
      this.#values.set(key, value);
    }
  }

  /** Null where it is missing. */
  get(name: string): string | null {
    return this.#values.get(name.toLowerCase()) ?? null;
  }

  /** Null where it is missing or empty. */
  text(name: string): string | null {
    const value = this.get(name);
    return value === "" ? null : value;
  }

  /** Names in small letters. */
  entries(): Iterable<[string, string]> {
    return this.#values.entries();
  }

  /** A whole number that is not negative. Throws GraphError. */
  count(name: string, usual: number): number {
    const value = this.get(name);
    if (value === null) return usual;
    if (/^\d{1,9}$/.test(value)) return Number(value);
    throw badQuery(
      `Invalid value '${value}' for ${name} query option found. The ${name} query option requires a non-negative integer value.`,
    );
  }

  /** Throws GraphError for an OData option that is not among these. Others are ignored, as the service does. */
  allowOnly(allowed: readonly string[]): void {
    const refused = [...this.#values.keys()].find((name) => name.startsWith("$") && !allowed.includes(name));
    if (refused !== undefined) throw badQuery(`The query option '${refused}' is not supported.`);
  }
}
