import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { parseCredentialKeys } from "../../src/connections/credential-cipher.js";
import { startSimulator } from "../../src/simulator/simulator.js";
import { secretKey, secretPatterns, secretText } from "../support/secrets.js";
import { watchAnswers } from "../support/watched-answers.js";
import { findSecrets } from "../support/written-secrets.js";
import { writtenVariable } from "../support/written.js";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "written-secrets-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const isFound = (written: string | Buffer): boolean => {
  writeFileSync(join(folder, "written"), written);
  return findSecrets(folder, secretPatterns()).length > 0;
};

describe("a secret is found", () => {
  const secret = secretText("some");

  test.each<[string, (secret: string) => string]>([
    ["as it is", (text) => text],
    ["in JSON", (text) => JSON.stringify({ text })],
    ["in an address", (text) => new URL(`postgres://login:${text}@127.0.0.1/`).href],
    ["in hexadecimal", (text) => Buffer.from(text).toString("hex")],
    ["in base64", (text) => Buffer.from(text).toString("base64")],
    ["in base64 behind one more byte", (text) => Buffer.from(`:${text}`).toString("base64")],
    ["in base64 behind two more bytes", (text) => Buffer.from(`a:${text}`).toString("base64url")],
  ])("%s", (_how, write) => {
    expect(isFound(`before ${write(secret)} after`)).toBe(true);
  });

  test("as the bytes of a key, and as its text", () => {
    const key = secretKey();
    expect(parseCredentialKeys(`1:${key}`)).toBeDefined();
    expect(isFound(Buffer.from(key, "base64"))).toBe(true);
    expect(isFound(key)).toBe(true);
  });

  test("across two of the parts in which a long file is read", () => {
    const long = Buffer.alloc(20 * 1024 * 1024, " ");
    for (const place of [8 * 1024 * 1024 - 10, 8 * 1024 * 1024 - 1, 16 * 1024 * 1024 - 30, long.length - 40]) {
      const written = Buffer.from(long);
      written.write(secret, place);
      expect(isFound(written.subarray(0, Math.max(place + secret.length, long.length)))).toBe(true);
    }
  });

  test("in whatever folder, and what stands around it is told", () => {
    mkdirSync(join(folder, "a", "b"), { recursive: true });
    writeFileSync(join(folder, "a", "b", "c"), `\0\0the row of ${secret}\0`);
    expect(findSecrets(folder, secretPatterns())).toEqual([
      { file: join("a", "b", "c"), around: expect.stringContaining(" the row of ") },
    ]);
  });

  test("in a token of a simulated provider", async () => {
    const simulator = await startSimulator();
    for (const provider of ["google", "microsoft"] as const) {
      simulator.control.addAccount(`${provider}@example.test`, { provider });
      expect(isFound(simulator.control.refreshTokenOf(`${provider}@example.test`))).toBe(true);
    }
    await simulator.close();
  });

  test("and nothing where there is none", () => {
    expect(isFound("secret, Secret, simulated and canary\n".repeat(1000))).toBe(false);
  });
});

describe("an answer that holds a secret is kept,", () => {
  test.each([true, false])("of a watched server alone (%s)", async (isWatched) => {
    const server = createServer((_request, response) => {
      response.setHeader("x-told", secretText("header"));
      response.write("one ");
      response.end(Buffer.from(secretText("body")));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const kept = await keptIn(folder, async () => {
      const endWatch = watchAnswers([isWatched ? url : "http://127.0.0.1:1"]);
      expect(await (await fetch(`${url}/asked`)).text()).toMatch(/^one /);
      endWatch();
    });
    server.close();
    expect(kept.split("\n").filter((line) => line.startsWith("GET /asked: "))).toHaveLength(isWatched ? 2 : 0);
  });
});

/** What is kept of what the work writes, in place of what the run keeps: it is wrong on purpose. */
async function keptIn(own: string, work: () => Promise<void>): Promise<string> {
  const shared = process.env[writtenVariable];
  process.env[writtenVariable] = own;
  try {
    await work();
  } finally {
    if (shared !== undefined) process.env[writtenVariable] = shared;
  }
  return readdirSync(own)
    .map((name) => readFileSync(join(own, name), "utf8"))
    .join("");
}
