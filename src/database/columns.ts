import { BigIntType } from "@mikro-orm/core";

/** Ids are bigint in the database and decimal strings in the code: they outgrow what a JavaScript number holds exactly. */
export const bigint = new BigIntType("string");

/** Column options of an instant: timestamptz(3), a Date in entities. Milliseconds, so that a Date loses nothing. */
export const instant = { type: "datetime", columnType: "timestamptz(3)" } as const;

/**
 * The firm of a row. The database's primary keys are (firm_id, id); entities are known by their id alone, and row level security
 * adds the firm to every statement. (MikroORM 7.2 loses track of an entity whose composite key has a generated part.)
 */
export const firmColumn = { type: bigint } as const;
