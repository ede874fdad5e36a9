import type { Invariant } from "./invariant.js";

const ourTables = "select relnamespace from pg_class where oid = 'sync_run'::regclass";

/** The walls and guards that the database itself holds. */
export const schemaInvariants: readonly Invariant[] = [
  {
    name: "row-level-security",
    sentence: "Row level security is forced on every table and partition that holds rows of a firm.",
    violations: `
      select t.oid::regclass::text as table_name
      from pg_class t
      where t.relnamespace = (${ourTables}) and t.relkind in ('r', 'p')
        and (t.relname = 'firm' or exists (
          select from pg_attribute a where a.attrelid = t.oid and a.attname = 'firm_id' and not a.attisdropped
        ))
        and not (t.relrowsecurity and t.relforcerowsecurity)`,
  },
  {
    name: "guards-in-force",
    sentence: "Every constraint is validated, every index valid and every trigger enabled.",
    violations: `
      select conrelid::regclass::text as table_name, conname::text as guard
      from pg_constraint where connamespace = (${ourTables}) and not convalidated
      union all
      select indrelid::regclass::text, indexrelid::regclass::text
      from pg_index join pg_class t on t.oid = indrelid
      where t.relnamespace = (${ourTables}) and not indisvalid
      union all
      select tgrelid::regclass::text, tgname::text
      from pg_trigger join pg_class t on t.oid = tgrelid
      where t.relnamespace = (${ourTables}) and tgenabled in ('D', 'R')`,
  },
];
