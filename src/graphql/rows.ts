import type { EntityClass, Opt } from "@mikro-orm/core";
import { sql, type RawBuilder } from "kysely";
import type { EntityManager } from "../database/orm.js";

/** Without the mark of properties that have a default in the database. */
type Unmarked<Value> = Value extends infer Plain & Opt.Brand ? Plain : Value;

type Column<Value> = Value extends Date ? string : Unmarked<Value>;

/**
 * A row as reads take it from SQL: the entity's properties as plain values, instants as PostgreSQL's text. Reads of lists do
 * not make entities, which costs several times the query.
 */
export type RowOf<Entity> = {
  [
    Name in keyof Entity as Name extends string
      ? Entity[Name] extends (...args: never[]) => unknown
        ? never
        : Name
      : never
  ]: Column<Entity[Name]>;
};

const selectLists = new WeakMap<object, string>();

/** The select list of an entity's table: each column under its property's name. `alias` names the table in the query. */
export function columnsOf<Entity extends object>(
  em: EntityManager,
  entity: EntityClass<Entity>,
  alias: string,
): RawBuilder<RowOf<Entity>> {
  let list = selectLists.get(entity);
  if (list === undefined) {
    const properties = em
      .getMetadata()
      .get(entity)
      .props.filter((property) => property.persist !== false);
    list = properties.map(({ name, fieldNames }) => `$."${String(fieldNames[0])}" as "${name}"`).join(", ");
    selectLists.set(entity, list);
  }
  return sql.raw(list.replaceAll("$", `"${alias}"`));
}

/** Most rows that a list is counted through. */
export const countedRows = 10_000;

/** How many rows a query has; one more than 10,000 stands for more. Planned with its values: which index serves best depends on them. */
export async function cappedCount(em: EntityManager, query: RawBuilder<unknown>): Promise<number> {
  const counted = sql<{ count: string }>`select count(*) from (${query} limit ${sql.lit(countedRows + 1)}) as counted`;
  const { rows } = await counted.execute(em.getKysely());
  return Number(rows[0]?.count);
}
