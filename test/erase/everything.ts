import type { TestApp } from "../support/app.js";

/** Every row of every table, of the queue's too, as text: a line each, behind the table's name. */
async function everything(app: TestApp): Promise<string[]> {
  const tables = await app.sql<{ name: string }>(
    `select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind = 'r' and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_toast' order by 1`,
  );
  const lines: string[] = [];
  for (const { name } of tables) {
    const rows = await app.sql<{ row: string }>(`select to_jsonb(t)::text as row from ${name} t`);
    lines.push(...rows.map(({ row }) => `${name} ${row}`));
  }
  return lines;
}

/** The tables in which the text is found, however it is written. */
export async function tablesWith(app: TestApp, text: string): Promise<string[]> {
  const hex = Buffer.from(text).toString("hex");
  const found = (await everything(app)).filter((line) => {
    const lowered = line.toLowerCase();
    return lowered.includes(text.toLowerCase()) || lowered.includes(hex);
  });
  return [...new Set(found.map((line) => line.slice(0, line.indexOf(" "))))];
}
