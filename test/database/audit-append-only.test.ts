import { beforeAll, describe, expect, test } from "@jest/globals";
import type pg from "pg";
import { exampleRow, insertExamples, insertRow } from "../support/rows.js";
import { databaseOfFile, refusalOf, type Login } from "../support/sessions.js";

const database = databaseOfFile();
const forbidden = "42501";
const appendOnly = "23001";

const changes = [
  "update audit_event set severity = 'error'",
  "update audit_event set metadata = metadata",
  "update audit_event set created_at = now() where id = 105",
  "delete from audit_event",
  "delete from audit_event where id = 105",
  "truncate audit_event",
  "update audit_event_default set severity = 'error'",
  "delete from audit_event_default",
  "truncate audit_event_default",
  "insert into audit_event select * from audit_event on conflict (firm_id, id) do update set severity = 'error'",
  `merge into audit_event using (select 1) one on true when matched then delete`,
];

let owner: pg.Client;

beforeAll(async () => {
  owner = await database.session("owner");
  await insertExamples(owner, "1");
});

describe("an audit event cannot be changed or removed", () => {
  test.each<[Login, string]>([
    ["app", forbidden],
    ["system", forbidden],
    ["owner", appendOnly],
    ["superuser", appendOnly],
  ])("by the login %s", async (login, refusal) => {
    const session = await database.session(login, "1");
    for (const change of changes)
      expect(`${change}: ${await refusalOf(session, () => session.query(change))}`).toBe(`${change}: ${refusal}`);
    expect((await owner.query("select severity from audit_event")).rows).toEqual([{ severity: "info" }]);
  });

  test("in a partition added later", async () => {
    const add = "create table ahead partition of audit_event for values from (1000) to (2000)";
    const insert = () => insertRow(owner, "audit_event", { ...exampleRow("audit_event", "1"), id: 1500 });
    for (const change of [
      "update ahead set severity = 'error'",
      "delete from audit_event where id = 1500",
      "truncate audit_event",
    ])
      expect(
        await refusalOf(
          owner,
          () => owner.query(add),
          insert,
          () => owner.query(change),
        ),
      ).toBe(appendOnly);
  });

  test("and these tests notice when the triggers are off", async () => {
    const off = () =>
      owner.query("alter table audit_event disable trigger all; alter table audit_event_default disable trigger all");
    for (const change of changes.filter((sql) => sql.startsWith("delete") || sql.startsWith("truncate")))
      expect(await refusalOf(owner, off, () => owner.query(change))).toBe("accepted");
  });
});

test("an audit event is added by the application's login, for its own firm", async () => {
  const app = await database.session("app", "1");
  const added = await insertRow(app, "audit_event", { ...exampleRow("audit_event", "1"), id: 1 });
  expect(added.rows).toMatchObject([{ firm_id: "1", id: "1", metadata: {} }]);
});
