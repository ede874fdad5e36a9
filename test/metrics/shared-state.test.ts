import { createServer, type AddressInfo } from "node:net";
import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { readConfig } from "../../src/config.js";
import { openSystemDatabase } from "../../src/database/orm.js";
import { histogramSamples } from "../../src/metrics/exposition.js";
import { Metrics } from "../../src/metrics/metrics.js";
import { sharedFamilies } from "../../src/metrics/shared-families.js";
import { SharedState } from "../../src/metrics/shared-state.js";
import { databaseOfFile } from "../support/sessions.js";
import { readSamples } from "./scrape.js";

const database = databaseOfFile();

test("while the database does not answer, only that is told, and it is not asked again for each scrape", async () => {
  let asked = 0;
  const hangUp = createServer((socket) => {
    asked += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => hangUp.listen(0, "127.0.0.1", resolve));
  const lost = await openSystemDatabase(`postgres://x:y@127.0.0.1:${(hangUp.address() as AddressInfo).port}/none`, 1);
  const shared = new SharedState(lost.em, 3600);
  for (let scrapes = 0; scrapes < 5; scrapes += 1) {
    expect(readSamples(await shared.text())).toEqual([{ name: "calendar_sync_database_up", labels: {}, value: 0 }]);
  }
  expect(asked).toBe(1);
  await lost.close();
  await new Promise((resolve) => hangUp.close(resolve));
});

test("the documentation has a line for every metric", async () => {
  const documentation = readFileSync("docs/metrics.md", "utf8");
  const system = await openSystemDatabase(database.urls.systemUrl, 1);
  const shared = await sharedFamilies(system.em, 3600);
  const own = await new Metrics().registry.getMetricsAsJSON();
  await system.close();
  const names = [...shared, ...own].map(({ name }) => name);
  expect(names.length).toBeGreaterThan(15);
  expect(names.filter((name) => !documentation.includes(`\`${name}\``))).toEqual([]);
});

test("a histogram's buckets count what lies below them, and all is below the last", () => {
  const samples = histogramSamples({ provider: "GOOGLE" }, [60, 120], { counts: [2, 0, 3], sum: 1000 });
  expect(samples.map(({ labels, suffix, value }) => [suffix, labels["le"], value])).toEqual([
    ["_bucket", "60", 2],
    ["_bucket", "120", 2],
    ["_bucket", "+Inf", 5],
    ["_sum", undefined, 1000],
    ["_count", undefined, 5],
  ]);
});

test("the port and the collector are configured, and refused where they are none", () => {
  const environment = {
    DATABASE_URL: "postgres://a:b@127.0.0.1/c",
    DATABASE_SYSTEM_URL: "postgres://a:b@127.0.0.1/c",
    JWT_SECRET: "a secret of the tests, 32 bytes or more",
    CREDENTIALS_KEYS: `1:${Buffer.alloc(32).toString("base64")}`,
  };
  expect(readConfig(environment).operations).toEqual({ metricsPort: null, otlpEndpoint: null });
  const set = { ...environment, METRICS_PORT: "9464", OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318/" };
  expect(readConfig(set).operations).toEqual({ metricsPort: 9464, otlpEndpoint: "http://collector:4318" });
  expect(() => readConfig({ ...environment, METRICS_PORT: "x", OTEL_EXPORTER_OTLP_ENDPOINT: "collector" })).toThrow(
    /METRICS_PORT: .*\nOTEL_EXPORTER_OTLP_ENDPOINT: /,
  );
});
