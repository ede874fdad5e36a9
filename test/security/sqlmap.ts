import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";

/** A request in which a star stands behind the value that is to be injected into. */
export interface StarredRequest {
  name: string;
  method: string;
  url: string;
  token: string;
  body: object | undefined;
}

/** Every technique there is, a little deeper than by default; answers of its own to what it would ask. */
const options = [
  ...["--batch", "--ignore-stdin", "--flush-session", "--disable-coloring", "--skip-waf"],
  ...["--dbms", "PostgreSQL", "--level", "2", "--risk", "1", "--technique", "BEUST"],
  ...["--time-sec", "2", "--timeout", "20", "--retries", "1", "-v", "1"],
];

/** Debian's package of that name: no package of ours. */
const program = "sqlmap";

const longestMs = 240_000;

/**
 * Has sqlmap try one value of a request. What it has found, as it tells it; null where the value cannot be injected into. @throws Error where
 * it is not installed, or could not test
 */
export async function sqlmap({ name, method, url, token, body }: StarredRequest): Promise<string | null> {
  const folder = mkdtempSync(join(tmpdir(), "sqlmap-"));
  const headers = ["-H", `Authorization: Bearer ${token}`, "-H", "Content-Type: application/json"];
  const sent = body === undefined ? [] : ["--data", JSON.stringify(body)];
  const args = ["-u", url, "--method", method, ...headers, ...sent, ...options, "--output-dir", folder];
  try {
    return holeIn(name, await outputOf(args));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function outputOf(args: readonly string[]): Promise<string> {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], timeout: longestMs });
  const failed = new Promise<never>((_resolve, reject) => {
    child.once("error", (error) => {
      const isMissing = (error as NodeJS.ErrnoException).code === "ENOENT";
      reject(isMissing ? new Error("sqlmap is not installed: apt-get install sqlmap", { cause: error }) : error);
    });
  });
  const output = Promise.all([text(child.stdout), text(child.stderr)]).then((parts) => parts.join("\n"));
  return Promise.race([output, failed]);
}

function holeIn(name: string, output: string): string | null {
  const [, found] = output.split("sqlmap identified the following injection point");
  if (found !== undefined) return found.split("---")[1] ?? found;
  if (output.includes("all tested parameters do not appear to be injectable")) return null;
  throw new Error(`sqlmap could not test ${name}: ${output.slice(-2_000)}`);
}
