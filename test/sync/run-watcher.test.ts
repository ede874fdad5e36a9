import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { TestApp, until } from "../support/app.js";
import { DatabaseProxy } from "../support/database-proxy.js";

jest.setTimeout(60_000);

let app: TestApp;
let proxy: DatabaseProxy;
let api: TestApp;

beforeAll(async () => {
  app = await TestApp.start({ environment: { ROLES: "worker" } });
  const { installation } = app;
  proxy = await DatabaseProxy.start(installation.database.appUrl);
  const database = { ...installation.database, appUrl: proxy.url };
  api = await TestApp.start({ installation: { ...installation, database }, environment: { ROLES: "api" } });
});

afterAll(async () => {
  await api.stop();
  await proxy.stop();
  await app.stop();
});

describe("a server whose database is gone", () => {
  test("tries to listen again one connection at a time, and hears of runs once it is back", async () => {
    const connection = await app.connect("gone@example.com");
    proxy.close();
    await until(() => Promise.resolve(proxy.refused >= 5));
    expect(proxy.mostRefusedAtOnce).toBe(1);
    proxy.open();
    const listening =
      "select from pg_stat_activity where application_name = 'calendar-sync-watcher' and datname = current_database()";
    await until(async () => (await app.sql(listening)).length === 2);

    const { resyncConnection } = await api.manager<{ resyncConnection: { result: { status: string } } }>(
      "mutation ($id: ID!) { resyncConnection(connectionId: $id, waitSeconds: 20) { result { status } } }",
      { id: connection },
    );

    expect(resyncConnection.result.status).toBe("SUCCESS");
  });
});
