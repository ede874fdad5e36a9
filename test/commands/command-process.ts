import { execFile } from "node:child_process";
import { tmpdir } from "node:os";
import type { TestDatabase } from "../support/database.js";
import { fileKeys, secretText } from "../support/secrets.js";
import { keepWritten } from "../support/written.js";

const hooks = new URL("../support/typescript.js", import.meta.url).href;

export interface CommandOutcome {
  exitCode: number;
  stdout: string;
  stderr: string;
}

/** Runs `src/commands/NAME.ts` as a process of its own, with this environment and nothing of ours, and waits for its end. */
export function runCommandProcess(
  name: string,
  args: string[],
  environment: Record<string, string>,
): Promise<CommandOutcome> {
  const file = new URL(`../../src/commands/${name}.ts`, import.meta.url).pathname;
  const nodeArguments = ["--disable-warning=ExperimentalWarning", "--import", hooks, file, ...args];
  const env = { PATH: process.env["PATH"], NODE_ENV: "test", ...environment };
  return new Promise((resolve) => {
    // Elsewhere than in the project, where a developer's .env may lie.
    const child = execFile(process.execPath, nodeArguments, { env, cwd: tmpdir() }, (_error, stdout, stderr) => {
      keepWritten("command", stdout + stderr);
      resolve({ exitCode: child.exitCode ?? -1, stdout, stderr });
    });
  });
}

/** What a configuration on this database needs. */
export function environmentOf({ appUrl, systemUrl, ownerUrl }: TestDatabase): Record<string, string> {
  return {
    DATABASE_URL: appUrl,
    DATABASE_SYSTEM_URL: systemUrl,
    DATABASE_OWNER_URL: ownerUrl,
    CREDENTIALS_KEYS: fileKeys,
    JWT_SECRET: secretText("jwt"),
    LOG_LEVEL: "warn",
  };
}
