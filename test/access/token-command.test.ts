import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { createTokenVerifier } from "../../src/access/token.js";
import { readConfig } from "../../src/config.js";
import { runTypeScript } from "../support/typescript-process.js";

const command = new URL("../../src/commands/token.ts", import.meta.url);

let dataDir: string;
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "token-test-"));
});
afterAll(() => rm(dataDir, { recursive: true }));

function run(...args: string[]) {
  return runTypeScript(command, args, { env: { PATH: process.env["PATH"], DATA_DIR: dataDir } });
}

test("the command prints a token that a server of the same configuration accepts", async () => {
  const printed = run("--role", "manager", "--firm", "17", "--user", "ada", "--name", "Ada", "--hours", "2");
  const token = await printed.nextLine();
  expect(await printed.ended).toBe(0);
  const verify = createTokenVerifier(readConfig({ DATA_DIR: dataDir }).jwt);
  expect(await verify(token)).toEqual({ userId: "ada", firmId: "17", role: "manager", name: "Ada" });
});

test.each([
  ["no role", ["--firm", "1"], "--role must be one of client, staff, manager, partner, firm_admin"],
  ["an unknown role", ["--role", "boss", "--firm", "1"], "--role must be one of"],
  ["firm 0", ["--role", "staff", "--firm", "0"], "--firm must be a positive whole number"],
  ["half an hour", ["--role", "staff", "--firm", "1", "--hours", "0.5"], "--hours must be a whole number"],
  ["something unknown", ["--rolle", "staff"], "Unknown option '--rolle'"],
])("with %s it says what is wrong in a line and exits 2", async (_name, args, message) => {
  const refused = run(...args);
  await expect(refused.nextLine()).rejects.toThrow(new RegExp(`ended with 2: token: .*${message}[^\n]*\n$`));
  expect(await refused.ended).toBe(2);
});
