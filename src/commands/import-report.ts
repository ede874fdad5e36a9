import type { FirmOutcome } from "../import/import-firm.js";
import type { ImportOutcome } from "../import/import-files.js";
import type { LineCounts } from "../import/line-counts.js";
import type { RefusedLine, RefusedLines } from "../import/refused-lines.js";

/** The lines that tell what has become of a firm. */
export function firmLines(outcome: FirmOutcome, files: readonly string[]): string[] {
  if (outcome.kind === "REFUSED") {
    const refused = count(outcome.refused.count, "line");
    return [...refusedLines(outcome.refused, files), `firm ${outcome.firmId}: refused whole, for ${refused}`];
  }
  const verb = outcome.kind === "IMPORTED" ? "imported" : "would be imported";
  return [`firm ${outcome.firmId}: ${taken(outcome.counts)} ${verb}${kept(outcome.counts)}`];
}

/** A line for each refused line; of very many, the first ones. */
export function refusedLines({ count: all, lines }: RefusedLines, files: readonly string[]): string[] {
  const told = lines.map((line) => `${placeOf(line, files)}: ${line.reason}${repetition(line, files)}`);
  return all > lines.length ? [...told, `… and ${number(all - lines.length)} lines more`] : told;
}

export function summaryLine(outcome: ImportOutcome, isDryRun: boolean): string {
  if (outcome.kind === "UNREADABLE") {
    return "import: nothing is imported, since these lines may belong to any firm";
  }
  const { firms, refusedFirms } = outcome;
  const done = isDryRun ? "would be imported (this was a dry run: nothing is changed)" : "imported";
  return `import: ${count(firms - refusedFirms, "firm")} ${done}, ${number(refusedFirms)} refused`;
}

function placeOf(
  { fileNumber, lineNumber }: { fileNumber: number; lineNumber: number },
  files: readonly string[],
): string {
  return `${files[fileNumber - 1] ?? ""}:${lineNumber}`;
}

function repetition({ repeats }: RefusedLine, files: readonly string[]): string {
  return repeats ? ` ${placeOf(repeats, files)}` : "";
}

function taken({ connection, appointment, attempt }: LineCounts): string {
  const parts = [count(connection.taken, "connection"), count(appointment.taken, "appointment")];
  return [...parts, count(attempt.taken, "attempt")].join(", ");
}

function kept(counts: LineCounts): string {
  const all = Object.values(counts);
  const stored = all.reduce((sum, one) => sum + one.kept, 0);
  const different = all.reduce((sum, one) => sum + one.different, 0);
  if (stored === 0) return "";
  const stays = stored === 1 ? "stays as it is" : "stay as they are";
  const but = different > 0 ? `, ${number(different)} of them unlike the file by now` : "";
  return `; ${count(stored, "row")} already here ${stays}${but}`;
}

function count(many: number, what: string): string {
  return `${number(many)} ${what}${many === 1 ? "" : "s"}`;
}

function number(value: number): string {
  return value.toLocaleString("en");
}
