import { textTable, type Cell } from "./text-table.js";
import type { Status } from "./status.js";

/** The status for people, as tables of text. */
export function statusText(status: Status): string {
  const { withoutSuccess, queue, processes } = status;
  const sections: [title: string, rows: readonly Readonly<Record<string, Cell>>[], none: string][] = [
    ["Connections", status.connections.map((row) => ({ ...row })), "there is none"],
    [withoutSuccessTitle(status), withoutSuccess.first.map((row) => ({ ...row })), "none"],
    ["Runs (ended ones of the last hour)", status.runs.map((row) => ({ ...row })), "there is none"],
    ["Queue", [{ ...queue }], ""],
    ["Open failures", status.openFailures.map((row) => ({ ...row })), "there is none"],
    ["Providers", status.providers.map((row) => ({ ...row })), ""],
    ["Requests leased from the application's quotas", status.quotas.map((row) => ({ ...row })), "none yet"],
    [
      `Processes (${processes.workers} workers with ${processes.workerPlaces} places)`,
      processes.seen.map((row) => ({ ...row })),
      "none seen",
    ],
  ];
  const whose = status.firmId === null ? "all firms" : `firm ${status.firmId}`;
  return [
    `Status of ${whose} at ${status.asOf}`,
    ...sections.map(([title, rows, none]) => `\n${title}\n${textTable(rows, none)}`),
    `\nOpen circuits: ${status.openCircuits}`,
  ].join("\n");
}

function withoutSuccessTitle({ withoutSuccess: { count, first } }: Status): string {
  const shown = count > first.length ? `, the first ${first.length} of ${count}` : "";
  return `Active connections without success for long${shown}`;
}
