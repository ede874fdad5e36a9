import type { EntityClass } from "@mikro-orm/core";
import { sql, type RawBuilder } from "kysely";
import type { EntityManager } from "./orm.js";
import { prepared } from "./prepared-statements.js";

/** What one row of a statement holds: an entity of each table, under the table's alias in the statement. */
type Tables = Readonly<Record<string, EntityClass<object>>>;

type EntitiesOf<Asked extends Tables> = {
  [Alias in keyof Asked]: Asked[Alias] extends EntityClass<infer Entity> ? Entity : never;
};

interface Column {
  name: string;
  /** Under which a row has it. */
  selectedAs: string;
}

/** Of each entity, by its alias. */
const columns = new WeakMap<object, Map<string, readonly Column[]>>();

/**
 * The entities of one row, managed as if they had been found by `em`; null where there is no row. `from` is what follows the select
 * list. The statement is prepared, and several tables cost one round trip.
 */
export async function findRow<Asked extends Tables>(
  em: EntityManager,
  asked: Asked,
  from: RawBuilder<unknown>,
): Promise<EntitiesOf<Asked> | null> {
  const tables = Object.entries(asked);
  const list = tables.flatMap(([alias, entity]) =>
    columnsOf(em, alias, entity).map(({ name, selectedAs }) => `${alias}."${name}" as "${selectedAs}"`),
  );
  const { rows } = await prepared(em, sql<Record<string, unknown>>`select ${sql.raw(list.join(", "))} ${from}`);
  const [row] = rows;
  if (!row) return null;
  return Object.fromEntries(
    tables.map(([alias, entity]) => [alias, entityOf(em, alias, entity, row)]),
  ) as EntitiesOf<Asked>;
}

function entityOf(em: EntityManager, alias: string, entity: EntityClass<object>, row: Record<string, unknown>): object {
  const own: Record<string, unknown> = {};
  for (const { name, selectedAs } of columnsOf(em, alias, entity)) own[name] = row[selectedAs];
  const values = em.getDriver().mapResult(own, em.getMetadata(entity));
  return em.getEntityFactory().create(entity, values ?? {}, { merge: true, convertCustomTypes: true });
}

function columnsOf(em: EntityManager, alias: string, entity: EntityClass<object>): readonly Column[] {
  const byAlias = columns.get(entity) ?? new Map<string, readonly Column[]>();
  columns.set(entity, byAlias);
  const known = byAlias.get(alias);
  if (known) return known;
  const stored = em.getMetadata(entity).props.filter(({ persist }) => persist !== false);
  const found = stored.map(({ fieldNames: [name] }) => ({
    name: String(name),
    selectedAs: `${alias}.${String(name)}`,
  }));
  byAlias.set(alias, found);
  return found;
}
