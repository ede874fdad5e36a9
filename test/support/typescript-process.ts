import { spawn, type ChildProcess, type SpawnOptions } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { keepWritten } from "./written.js";

const hooks = new URL("typescript.js", import.meta.url).href;

/** A Node process of its own that runs a TypeScript file of this project. */
export interface TypeScriptProcess {
  child: ChildProcess;
  /** The next line it prints; throws with what it wrote to stderr when it ends before. */
  nextLine(): Promise<string>;
  /** Its exit code, or the signal that ended it. */
  ended: Promise<number | NodeJS.Signals>;
}

/** They print the simulated tokens that they give out, for whoever tries them. */
const tellTokens = ["/src/commands/simulator.ts", "/test/support/large-calendars-process.ts"];

function keepOutput({ stdout, stderr, pid = 0 }: ChildProcess): void {
  for (const stream of [stdout, stderr])
    stream?.on("data", (chunk: Buffer) => {
      keepWritten(`process-${pid}`, chunk);
    });
}

/** Starts `file` with `args`. `options` may name another user (`uid`, `gid`) or environment. */
export function runTypeScript(file: URL, args: string[], options: SpawnOptions = {}): TypeScriptProcess {
  const child = spawn(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", "--import", hooks, file.pathname, ...args],
    {
      ...options,
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  if (!tellTokens.some((path) => file.pathname.endsWith(path))) keepOutput(child);
  let complaint = "";
  child.stderr.on("data", (chunk: Buffer) => (complaint += chunk.toString()));
  const ended = once(child, "close").then(([code, signal]) => (code ?? signal) as number | NodeJS.Signals);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const nextLine = async () => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error(`the process ended with ${await ended}: ${complaint}`);
    return value;
  };
  return { child, nextLine, ended };
}
