import { expect, test } from "@jest/globals";
import { openDatabase, openSystemDatabase, type Database } from "../../src/database/orm.js";
import { databaseOfFile } from "../support/sessions.js";

const database = databaseOfFile();

const opens: [string, (url: string) => Promise<Database>, () => string][] = [
  ["application's", (url) => openDatabase(url, 1), () => database.urls.appUrl],
  ["system", (url) => openSystemDatabase(url, 1), () => database.urls.systemUrl],
];

test.each(opens)(
  "the %s login's connections keep what its URL says of TLS: none is made in the clear",
  async (_, open, url) => {
    // The tests' PostgreSQL has no TLS.
    for (const mode of ["require", "verify-full"]) {
      const secured = await open(`${url()}?sslmode=${mode}`);
      await expect(secured.em.execute("select 1").finally(() => secured.close())).rejects.toThrow(/SSL/);
    }
  },
);

test.each(opens)("no statement, lock or open transaction of the %s login lasts for ever", async (_, open, url) => {
  const limited = await open(url());
  const [limits] = await limited.em.execute<unknown[]>(
    `select current_setting('statement_timeout') as statement, current_setting('lock_timeout') as lock,
       current_setting('idle_in_transaction_session_timeout') as idle`,
  );
  await limited.close();
  expect(limits).toEqual({ statement: "10s", lock: "3s", idle: "5s" });
});
