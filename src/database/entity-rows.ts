import type { EntityClass } from "@mikro-orm/core";
import { sql, type RawBuilder } from "kysely";
import type { EntityManager } from "./orm.js";
import { prepared } from "./prepared-reads.js";

/** What one row of a statement holds: an entity of each table, under the table's alias in the statement. */
type Tables = Readonly<Record<string, EntityClass<object>>>;

type EntitiesOf<Asked extends Tables> = {
  [Alias in keyof Asked]: Asked[Alias] extends EntityClass<infer Entity> ? Entity : never;
};

const columnNames = new WeakMap<object, readonly string[]>();

/**
 * The entities of one row, managed as if they had been found by `em`; null where there is no row. `from` is what follows the select
 * list. The statement is prepared, and several tables cost one round trip.
 */
export async function findRow<Asked extends Tables>(
  em: EntityManager,
  asked: Asked,
  from: RawBuilder<unknown>,
): Promise<EntitiesOf<Asked> | null> {
  const columns = Object.entries(asked).flatMap(([alias, entity]) =>
    columnsOf(em, entity).map((column) => sql.raw(`${alias}."${column}" as "${alias}.${column}"`)),
  );
  const { rows } = await prepared(em, sql<Record<string, unknown>>`select ${sql.join(columns)} ${from}`);
  const [row] = rows;
  if (!row) return null;
  const entities = Object.entries(asked).map(([alias, entity]) => [alias, entityOf(em, alias, entity, row)]);
  return Object.fromEntries(entities) as EntitiesOf<Asked>;
}

function entityOf(em: EntityManager, alias: string, entity: EntityClass<object>, row: Record<string, unknown>): object {
  const own = Object.fromEntries(columnsOf(em, entity).map((column) => [column, row[`${alias}.${column}`]]));
  const values = em.getDriver().mapResult(own, em.getMetadata(entity));
  return em.getEntityFactory().create(entity, values ?? {}, { merge: true, convertCustomTypes: true });
}

function columnsOf(em: EntityManager, entity: EntityClass<object>): readonly string[] {
  const known = columnNames.get(entity);
  if (known) return known;
  const stored = em.getMetadata(entity).props.filter(({ persist }) => persist !== false);
  const names = stored.map(({ fieldNames }) => String(fieldNames[0]));
  columnNames.set(entity, names);
  return names;
}
