import { readFileSync } from "node:fs";

/** The most that a process has had resident, in MB; null where the system does not tell it by files, or the process has ended. */
export function peakMegabytes(pid: number): number | null {
  return megabytes(pid, /^VmHWM:\s+(\d+) kB$/m);
}

/** What a process has resident now, likewise. */
export function residentMegabytes(pid: number): number | null {
  return megabytes(pid, /^VmRSS:\s+(\d+) kB$/m);
}

function megabytes(pid: number, line: RegExp): number | null {
  try {
    const [, kilobytes] = line.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    return kilobytes === undefined ? null : Math.round(Number(kilobytes) / 1024);
  } catch {
    return null;
  }
}
