export type Cell = string | number | boolean | null;

/** Rows as text, a column for each property of the first one; numbers are aligned to the right. `none` stands for no rows. */
export function textTable(rows: readonly Readonly<Record<string, Cell>>[], none: string): string {
  const [first] = rows;
  if (!first) return `  ${none}`;
  const columns = Object.keys(first).map((name) => column(name, rows));
  const lines = Array.from({ length: rows.length + 1 }, (_, line) => columns.map((cells) => cells[line]).join("  "));
  return lines.map((line) => `  ${line.trimEnd()}`).join("\n");
}

function column(name: string, rows: readonly Readonly<Record<string, Cell>>[]): string[] {
  const isNumeric = rows.every((row) => row[name] === null || typeof row[name] === "number");
  const cells = [wordsOf(name), ...rows.map((row) => textOf(row[name] ?? null))];
  const width = Math.max(...cells.map((cell) => cell.length));
  return cells.map((cell) => (isNumeric ? cell.padStart(width) : cell.padEnd(width)));
}

/** `oldestDueSeconds` is "oldest due seconds". */
function wordsOf(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function textOf(cell: Cell): string {
  if (cell === null) return "-";
  return typeof cell === "boolean" ? (cell ? "yes" : "no") : String(cell);
}
