import type { Logger } from "pino";
import { createLogger } from "../../src/log.js";
import { keepWritten } from "./written.js";

/** A log that a test reads, a line each; it is searched for secrets when the run has ended, as all others are. */
export function loggedLines(level: "trace" | "debug" | "info" = "trace"): { log: Logger; lines: string[] } {
  const lines: string[] = [];
  const write = (line: string): void => {
    lines.push(line);
    keepWritten("log", line);
  };
  return { log: createLogger({ level, isPretty: false }, { write }), lines };
}
