import { describe, expect, test } from "@jest/globals";
import pg from "pg";
import { createTestDatabase } from "../support/database.js";

describe("a test's database", () => {
  test("is migrated, and gone after the test", async () => {
    const database = await createTestDatabase();
    const client = new pg.Client(database.appUrl);
    await client.connect();
    expect((await client.query("select count(*)::int as firms from firm")).rows).toEqual([{ firms: 0 }]);
    await client.end();
    await database.drop();
    await expect(new pg.Client(database.appUrl).connect()).rejects.toMatchObject({ code: "3D000" });
  });
});
