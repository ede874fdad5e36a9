import { BigIntType } from "@mikro-orm/core";

/** Ids are bigint in the database and decimal strings in the code: they outgrow what a JavaScript number holds exactly. */
export const bigint = new BigIntType("string");

/** Column options of an instant: timestamptz(3), a Date in entities. Milliseconds, so that a Date loses nothing. */
export const instant = { type: "datetime", columnType: "timestamptz(3)" } as const;
