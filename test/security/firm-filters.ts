import type { Given } from "../support/given.js";
import type { PlantedPattern } from "../support/server-process.js";

/** Every condition by which a statement of ours keeps to the caller's firm. */
export const filters: PlantedPattern[] = [
  { pattern: String.raw`\b(?:\w+\.)?firm_id = \$\{[^}]*\}`, replace: "true" },
  { pattern: String.raw`\b(find|findOne|findOneOrFail|count)\((\w+),\s*\{\s*firmId: [\w.]+,?`, replace: "$1($2, {" },
];

/** The database then lets every login see and change every firm's rows. */
export async function withoutRowLevelSecurity(given: Given): Promise<void> {
  const tables = await given.sql<{ name: string }>(
    "select oid::regclass::text as name from pg_class where relrowsecurity and relnamespace = 'public'::regnamespace",
  );
  for (const { name } of tables) await given.sql(`alter table ${name} disable row level security`);
}
