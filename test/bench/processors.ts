import { readFileSync } from "node:fs";
import { cpus } from "node:os";

/** Of the machine, in milliseconds since it was started, over all processors. */
function machineTimes(): { busyMs: number; allMs: number } {
  let [busyMs, allMs] = [0, 0];
  for (const { times } of cpus()) {
    const all = times.user + times.nice + times.sys + times.idle + times.irq;
    allMs += all;
    busyMs += all - times.idle;
  }
  return { busyMs, allMs };
}

const clockTickMs = 10;

/** What a process has used so far; 0 where the system does not tell it by files. */
export function usedMs(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
    return (Number(fields[11]) + Number(fields[12])) * clockTickMs;
  } catch {
    return 0;
  }
}

export interface ProcessorUse {
  /** Of all processors of the machine, whoever used them: 0 to 1. */
  busy: number;
  /** Of all processors, by these processes. */
  byProcesses: number;
  /** Of all processors, by this process. */
  byThis: number;
}

/** Measures from now until the returned function is called. */
export function watchProcessors(pids: readonly number[]): () => ProcessorUse {
  const used = () => pids.reduce((sum, pid) => sum + usedMs(pid), 0);
  const begun = { machine: machineTimes(), used: used(), own: process.cpuUsage() };
  return () => {
    const machine = machineTimes();
    const allMs = machine.allMs - begun.machine.allMs;
    const own = process.cpuUsage(begun.own);
    return {
      busy: (machine.busyMs - begun.machine.busyMs) / allMs,
      byProcesses: (used() - begun.used) / allMs,
      byThis: (own.user + own.system) / 1000 / allMs,
    };
  };
}
