import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { describe, expect, jest, test } from "@jest/globals";
import { TestApp } from "../support/app.js";
import { ServerProcess, type PlantedFault } from "../support/server-process.js";

jest.setTimeout(180_000);

/** Names the leak, in a run of its own of this very file: at that run's end its secret has to be found. */
const leakVariable = "TEST_LEAK";
const asked = process.env[leakVariable];

interface Leak {
  planted?: PlantedFault;
  /** What a superuser does to the database, with a refresh token as the parameter. */
  statements?: string[];
  /** Where it is found. */
  foundIn: RegExp;
}

const leaks: Record<string, Leak> = {
  "a server that logs the address of its database": {
    planted: {
      file: "src/server-process.ts",
      find: 'const roles = [...config.roles].join(", ");',
      replace: 'const roles = [...config.roles].join(", "); log.info(String(process.env["DATABASE_URL"]));',
    },
    foundIn: /process-\d+-\d+: .*postgres/,
  },
  "an answer that tells the secret of tokens": {
    planted: {
      file: "src/access/viewer.resolver.ts",
      find: "return { id: userId, name,",
      replace: 'return { id: userId, name: process.env["JWT_SECRET"] ?? name,',
    },
    foundIn: /answer-\d+: POST \/graphql/,
  },
  "an audit event that tells a client's secret": {
    planted: {
      file: "src/audit/record.ts",
      find: "metadata: event.metadata,",
      replace: 'metadata: { ...event.metadata, told: process.env["GOOGLE_CLIENT_SECRET"] },',
    },
    foundIn: /cluster\/\S+: .*told/,
  },
  "a row with a token, also when it was removed": {
    statements: ["insert into firm (id, name) values (99, $1)", "delete from firm where id = 99 and name = $1"],
    foundIn: /cluster\/pg_wal\/\S+: /,
  },
};

interface OwnRun {
  exitCode: number | null;
  output: string;
}

/** This file once more, in a run of its own with its own PostgreSQL. */
async function ownRun(leak: string): Promise<OwnRun> {
  const jestFile = new URL("../../node_modules/jest/bin/jest.js", import.meta.url).pathname;
  const args = ["test/security/leaked-secrets.long", "--runInBand"];
  const child = spawn(process.execPath, [jestFile, ...args], {
    cwd: new URL("../../", import.meta.url).pathname,
    env: { ...process.env, [leakVariable]: leak },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  const output = (await Promise.all([text(child.stdout), text(child.stderr)])).join("");
  return { exitCode: await ended, output };
}

/** A resync and a question over HTTP, by a server that leaks as asked. */
async function work({ planted, statements = [] }: Partial<Leak>): Promise<void> {
  const app = await TestApp.start({ environment: { ROLES: "worker,api" } });
  const server = await ServerProcess.start(app, { roles: "api", planted });
  const connection = await app.connect("leaking@example.test");
  const token = app.simulator.control.refreshTokenOf("leaking@example.test");
  for (const statement of statements) await app.sql(statement, [token]);
  const query = `mutation { resyncConnection(connectionId: "${connection}") { result { status } } }`;
  for (const question of [query, "{ viewer { name } }"]) {
    const response = await fetch(`${String(server.url)}/graphql`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${await app.token("manager")}` },
      body: JSON.stringify({ query: question }),
    });
    expect(response.status).toBe(200);
    await response.text();
  }
  await server.stop();
  await app.stop();
}

if (asked !== undefined) {
  test(`a server works, with ${asked}`, async () => {
    await work(leaks[asked] ?? {});
  });
} else {
  describe("a run in which nothing but this is wrong fails, and names the place:", () => {
    test.each(Object.entries(leaks))("%s", async (name, { foundIn }) => {
      const { exitCode, output } = await ownRun(name);
      expect(output).toContain("1 passed");
      expect(output).toContain("The tests have written secrets:");
      expect(output).toMatch(foundIn);
      expect(exitCode).not.toBe(0);
    });
  });

  test("a run in which nothing is wrong succeeds", async () => {
    const { exitCode, output } = await ownRun("nothing wrong");
    expect(output).toContain("1 passed");
    expect(exitCode).toBe(0);
  });
}
