import { sql } from "kysely";

/** How long a key stands for what was done under it, by the database's clock. */
export const lifetime = sql`interval '24 hours'`;
