import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { signToken } from "../../src/access/token.js";
import { secretKey, secretText } from "../support/secrets.js";

const project = new URL("../../", import.meta.url).pathname;
const folder = ".data/bench/built";
const jwtSecret = secretText("jwt");
const query = JSON.stringify({ query: "{ calendarConnections(first: 1) { totalCount } }" });

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

/** Compiles the server as `npm start` does, into a folder of the benches' own. */
export async function buildServer(): Promise<void> {
  const compile = ["node_modules/@swc/cli/bin/swc.js", "src", "migrations", "mikro-orm.config.ts"];
  await promisify(execFile)(process.execPath, [...compile, "--out-dir", folder, "--quiet"], { cwd: project });
}

/** Any file of it, to be run by Node. */
export function builtFile(path: string): string {
  return `${project}${folder}/${path}`;
}

export interface BuiltServer {
  pid: number;
  /** From the start of Node until its first query was answered; without an API, until it was ready. */
  startMs: number;
  /** Told to, it ends as it does in operation. */
  stop(): Promise<void>;
}

/** @throws Error when it ends, or answers a query with anything but its data */
export async function startBuiltServer(environment: Readonly<Record<string, string>>): Promise<BuiltServer> {
  const begun = performance.now();
  const child = spawn(process.execPath, ["--enable-source-maps", builtFile("src/main.js")], {
    cwd: "/",
    env: { PATH: process.env["PATH"], ...serverEnvironment, ...environment },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "close");
  let url: string | null | undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    const ready = /"msg":"ready(?: at (\S+))? \(/.exec(line);
    if (!ready) continue;
    url = ready[1] ?? null;
    break;
  }
  if (url === undefined) throw new Error("the server has ended before it was ready");
  child.stdout.resume();
  if (url !== null) await askOnce(url);
  const startMs = performance.now() - begun;
  const stop = async () => {
    child.kill("SIGTERM");
    await ended;
  };
  return { pid: child.pid ?? 0, startMs, stop };
}

async function askOnce(url: string): Promise<void> {
  const claims = { user: null, firm: "firm_id", role: "role" };
  const tokens = { secrets: [jwtSecret], jwksUrl: null, issuer: null, audience: null, claims };
  const token = await signToken(tokens, { userId: "1", firmId: "1", role: "manager", name: null, hours: 1 });
  const answer = await fetch(`${url}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
    body: query,
  });
  const text = await answer.text();
  if (!answer.ok || !text.includes('"totalCount"')) throw new Error(`the first query was answered with ${text}`);
}
