import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Role } from "../../src/access/actor.js";
import { signToken } from "../../src/access/token.js";
import { usedMs } from "../bench/processors.js";
import { secretKey, secretText } from "./secrets.js";

const project = fileURLToPath(new URL("../../", import.meta.url));
const jwtSecret = secretText("jwt");

/** What every server is given; its database comes beside it. It has no demo, and so no simulator. */
const serverEnvironment: Readonly<Record<string, string>> = {
  NODE_ENV: "development",
  HOST: "127.0.0.1",
  PORT: "0",
  LOG_PRETTY: "false",
  JWT_SECRET: jwtSecret,
  CREDENTIALS_KEYS: `1:${secretKey()}`,
  GOOGLE_CLIENT_ID: "client",
  GOOGLE_CLIENT_SECRET: secretText("client"),
};

/**
 * Builds the server as `npm start` does, into a folder below the project: packages that it has not taken in are found there. How long
 * that took, in milliseconds.
 */
export async function buildServer(folder: string, program = "build.js"): Promise<number> {
  const begun = performance.now();
  await promisify(execFile)(process.execPath, [program, folder], { cwd: project });
  return performance.now() - begun;
}

export interface BuiltServer {
  pid: number;
  /** Null without an API. */
  url: string | null;
  /** From the start of Node until its first query was answered; without an API, until it was ready. */
  startMs: number;
  /** What it has used of processors until then. */
  processorMs: number;
  /** What it has written to standard error so far. */
  complaint(): string;
  /** Told to, it ends as it does in operation. */
  stop(): Promise<void>;
}

/** @throws Error when it ends, or answers a query with anything but its data */
export async function startBuiltServer(
  folder: string,
  environment: Readonly<Record<string, string>>,
): Promise<BuiltServer> {
  const begun = performance.now();
  const child = spawn(process.execPath, ["--enable-source-maps", join(project, folder, "src/main.js")], {
    cwd: "/",
    env: { PATH: process.env["PATH"], ...serverEnvironment, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let complaint = "";
  child.stderr.on("data", (chunk: Buffer) => (complaint += chunk.toString()));
  const ended = once(child, "close");
  let url: string | null | undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    const ready = /"msg":"ready(?: at (\S+))? \(/.exec(line);
    if (!ready) continue;
    url = ready[1] ?? null;
    break;
  }
  if (url === undefined) throw new Error(`the server has ended before it was ready: ${complaint}`);
  child.stdout.resume();
  if (url !== null) await askOnce(url);
  const startMs = performance.now() - begun;
  const stop = async () => {
    child.kill("SIGTERM");
    await ended;
  };
  const pid = child.pid ?? 0;
  return { pid, url, startMs, processorMs: usedMs(pid), complaint: () => complaint, stop };
}

async function askOnce(url: string): Promise<void> {
  const { status, text } = await askBuiltServer(url, "{ calendarConnections(first: 1) { totalCount } }");
  if (status !== 200 || !text.includes('"totalCount"')) throw new Error(`the first query was answered with ${text}`);
}

/** Asks as a user of firm 1. */
export async function askBuiltServer(
  url: string,
  query: string,
  role: Role = "manager",
): Promise<{ status: number; text: string }> {
  const claims = { user: null, firm: "firm_id", role: "role" };
  const tokens = { secrets: [jwtSecret], jwksUrl: null, issuer: null, audience: null, claims };
  const token = await signToken(tokens, { userId: "1", firmId: "1", role, name: null, hours: 1 });
  const answer = await fetch(`${url}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
    body: JSON.stringify({ query }),
  });
  return { status: answer.status, text: await answer.text() };
}
