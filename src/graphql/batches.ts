import type { EntityClass } from "@mikro-orm/core";
import DataLoader from "dataloader";
import { sql } from "kysely";
import type { EntityManager } from "../database/orm.js";
import { read } from "../database/prepared-statements.js";
import { columnsOf, type RowOf } from "./rows.js";

/** What a request's loaders read with: one statement for all keys that are asked for in the same moment. */
export interface BatchScope {
  em: EntityManager;
  firmId: string;
}

/** At most one row for each key. */
export function oneForEach<Row>(
  load: (keys: readonly string[]) => Promise<readonly Row[]>,
  keyOf: (row: Row) => string,
): DataLoader<string, Row | null> {
  return new DataLoader(async (keys) => {
    const byKey = new Map((await load(keys)).map((row) => [keyOf(row), row]));
    return keys.map((key) => byKey.get(key) ?? null);
  });
}

/** Any number of rows for each key, in the statement's order. */
export function manyForEach<Row>(
  load: (keys: readonly string[]) => Promise<readonly Row[]>,
  keyOf: (row: Row) => string,
): DataLoader<string, Row[]> {
  return new DataLoader(async (keys) => {
    const byKey = Map.groupBy(await load(keys), keyOf);
    return keys.map((key) => byKey.get(key) ?? []);
  });
}

/**
 * Rows of an entity's table by their ids, of the scope's firm alone. Each is looked for by itself, at most one: of a partitioned table
 * PostgreSQL then searches the partition of that id, where it would search all of them for a list of ids.
 */
export function rowById<Entity extends { id: string }>(
  { em, firmId }: BatchScope,
  entity: EntityClass<Entity>,
): DataLoader<string, RowOf<Entity> | null> {
  const { tableName } = em.getMetadata().get(entity);
  return oneForEach(
    (ids) => {
      const query = sql<RowOf<Entity>>`
        select found.* from unnest(${ids}::bigint[]) wanted (id) cross join lateral (
          select ${columnsOf(em, entity, "t")} from ${sql.table(tableName)} t
          where t.firm_id = ${firmId} and t.id = wanted.id limit 1
        ) found
      `;
      return read(em, query);
    },
    (row) => (row as unknown as { id: string }).id,
  );
}
