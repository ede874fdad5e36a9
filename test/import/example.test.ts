import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import { describe, expect, test } from "@jest/globals";
import { printedImportSchema } from "../../src/import/import-schema.js";
import { lineTypes } from "../../src/import/import-lines.js";
import { readImportLine } from "../../src/import/read-import-line.js";
import { createTestDatabase } from "../support/database.js";
import { importing } from "./importing.js";
import { given } from "./lines.js";

const root = new URL("../../", import.meta.url);
const lines = readFileSync(new URL("docs/import-example.ndjson", root), "utf8").trimEnd().split("\n");

const ajv = new Ajv2020({ strict: false });
formats.default(ajv);
const isValid = ajv.compile(JSON.parse(printedImportSchema()) as object);

test("schema/import.schema.json is what the code builds", () => {
  expect(readFileSync(new URL("schema/import.schema.json", root), "utf8")).toBe(printedImportSchema());
});

describe("the documented example", () => {
  test("has every kind of line, each as the schema describes it", () => {
    const types = lines.map((line) => (JSON.parse(line) as { type: string }).type);
    expect([...new Set(types)]).toEqual(lineTypes);
    for (const line of lines) expect([isValid(JSON.parse(line)), isValid.errors]).toEqual([true, null]);
  });

  test("is imported", async () => {
    const database = await createTestDatabase();
    const told = await importing(database, [lines]);
    await database.drop();
    expect(told).toEqual([
      "firm 17: 3 connections, 2 appointments, 2 attempts imported",
      "import: 1 firm imported, 0 refused",
    ]);
  });
});

test.each([
  { ...given.firm(1), id: 0 },
  { ...given.firm(1), id: "x" },
  { type: "firm", id: 1 },
  given.connection(1, 1, { provider: "GOOGLE" }),
  given.connection(1, 1, { last_sync_cursor: "c" }),
  given.appointment(1, 1, 1, { starts_at: "2026-01-01T09:00:00" }),
  given.attempt(1, 1, 1, { status: "running" }),
  [],
])("what the schema refuses, the import refuses: %j", (line) => {
  expect(isValid(line)).toBe(false);
  expect(readImportLine(JSON.stringify(line))).toHaveProperty("fault");
});
