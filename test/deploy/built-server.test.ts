import { execFile } from "node:child_process";
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { buildClientSchema, buildSchema, getIntrospectionQuery, lexicographicSortSchema, printSchema } from "graphql";
import type { GraphQLSchema, IntrospectionQuery } from "graphql";
import { z } from "zod";
import { environmentOf } from "../commands/command-process.js";
import { askBuiltServer, buildServer, startBuiltServer, type BuiltServer } from "../support/built-server.js";
import { createTestDatabase, type TestDatabase } from "../support/database.js";
import { project, textOf } from "./deployment.js";

const folder = `node_modules/.cache/built-${process.pid}`;
const built = fileURLToPath(new URL(`${folder}/`, project));

let database: TestDatabase;
let server: BuiltServer;

beforeAll(async () => {
  database = await createTestDatabase();
  await buildServer(folder);
  server = await startOn(database);
});

afterAll(async () => {
  await server.stop();
  await database.drop();
  rmSync(built, { recursive: true, force: true });
});

describe("what npm run build makes", () => {
  test("has every program that package.json starts", () => {
    const scripts = z.object({ scripts: z.record(z.string(), z.string()) }).parse(JSON.parse(textOf("package.json")));
    const programs = Object.values(scripts.scripts).flatMap((script) => /(?<= dist\/)\S+/.exec(script) ?? []);
    expect(programs).toContain("src/main.js");
    expect(programs.filter((program) => !existsSync(join(built, program)))).toEqual([]);
  });

  test("is made once of the same sources, and again of others", async () => {
    const madeAt = () => statSync(join(built, "src/main.js")).mtimeMs;
    const first = madeAt();
    await buildServer(folder);
    expect(madeAt()).toBe(first);
    writeFileSync(join(built, "made-of"), "others");
    await buildServer(folder);
    expect(madeAt()).toBeGreaterThan(first);
  });

  test("serves the committed schema, names and all", async () => {
    const { text } = await askBuiltServer(String(server.url), getIntrospectionQuery({ oneOf: false }));
    const { data } = JSON.parse(text) as { data: IntrospectionQuery };
    expect(printed(buildClientSchema(data))).toBe(printed(buildSchema(textOf("schema/schema.graphql"))));
  });

  test("enforces permissions", async () => {
    const { text } = await askBuiltServer(String(server.url), "{ failedAttempts(first: 1) { totalCount } }", "staff");
    expect(text).toContain('"FORBIDDEN"');
  });

  test("starts and answers without a warning of Node's, though packages use what is deprecated", () => {
    expect(server.complaint()).toBe("");
  });

  test("has commands that print their answer and nothing else", async () => {
    const { stdout, stderr } = await runBuilt("src/commands/status.js", ["--json"]);
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toHaveProperty("processes.workers");
  });

  test("says where in the sources something went wrong", async () => {
    const broken = brokenCopy("src/commands/status.js", "await requireMigrated(database)", "await undefined.tables");
    const { stderr } = await runBuilt(broken).catch((error: unknown) => error as { stderr: string });
    expect(stderr).toMatch(/src\/commands\/status\.ts:\d+/);
  });
});

test("planted: with a graphql of their own, the permissions keep the server from starting", async () => {
  const planted = `${folder}/planted`;
  const program = `${planted}.js`;
  writeFileSync(fileURLToPath(new URL(program, project)), textOf("build.js").replace("[requiringInside(), ", "["));
  await buildServer(planted, program);
  await expect(startOn(database, planted)).rejects.toThrow("another module or realm");
});

function startOn({ appUrl, systemUrl }: TestDatabase, from = folder): Promise<BuiltServer> {
  return startBuiltServer(from, { DATABASE_URL: appUrl, DATABASE_SYSTEM_URL: systemUrl, INTROSPECTION: "true" });
}

function printed(schema: GraphQLSchema): string {
  return printSchema(lexicographicSortSchema(schema));
}

/** As npm runs it. */
function runBuilt(path: string, args: string[] = []): Promise<{ stdout: string; stderr: string }> {
  const env = { PATH: process.env["PATH"], NODE_ENV: "test", ...environmentOf(database) };
  return promisify(execFile)(process.execPath, ["--enable-source-maps", join(built, path), ...args], {
    env,
    cwd: tmpdir(), // elsewhere than where a developer's .env may lie
  });
}

/** A copy beside it, in which something else stands. */
function brokenCopy(path: string, find: string, replace: string): string {
  const text = readFileSync(join(built, path), "utf8");
  expect(text).toContain(find);
  const copy = path.replace(/\.js$/, "-broken.js");
  writeFileSync(join(built, copy), text.replace(find, replace));
  return copy;
}
