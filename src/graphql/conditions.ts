import { sql, type RawBuilder } from "kysely";

/** What a row must fulfil; absent filters add nothing. */
export class Conditions {
  readonly #all: RawBuilder<unknown>[] = [];

  and(condition: RawBuilder<unknown>): this {
    this.#all.push(condition);
    return this;
  }

  /** Adds what `condition` makes of a value, unless the value is absent. */
  given<Value>(value: Value | null | undefined, condition: (value: Value) => RawBuilder<unknown>): this {
    return value == null ? this : this.and(condition(value));
  }

  /** `parse` gives null for a text that cannot be an id: then no row fits, as for an id that does not exist. */
  givenId(
    text: string | null | undefined,
    parse: (text: string) => string | null,
    condition: (id: string) => RawBuilder<unknown>,
  ): this {
    if (text == null) return this;
    const parsed = parse(text);
    return this.and(parsed === null ? sql`false` : condition(parsed));
  }

  /** How many there are. */
  get size(): number {
    return this.#all.length;
  }

  get sql(): RawBuilder<unknown> {
    return sql.join(this.#all, sql` and `);
  }
}
