import { request } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { buildApiSchema } from "../../src/graphql/schema.js";
import {
  apiLabels,
  attemptOutcomes,
  connectionStatuses,
  endpointLabels,
  errorClasses,
  healthLabels,
  operationLabels,
  providerLabels,
  notificationOutcomes,
  requestOutcomes,
  runOutcomes,
  statusClasses,
  unfinishedStatuses,
} from "../../src/metrics/labels.js";
import { routes } from "../../src/rest/routes.js";
import { priorities } from "../../src/sync/queue.js";
import { quickRetries, TestApp, until } from "../support/app.js";
import { addEvents } from "../support/calendar.js";
import { readSamples, scrape, total, type ScrapedSample } from "./scrape.js";

const account = "canary.person@example.test";
const other = "canary.colleague@example.test";

let app: TestApp;
let google: string;
let microsoft: string;

beforeAll(async () => {
  app = await TestApp.start({ environment: quickRetries });
  google = await app.connect(account, "7001");
  microsoft = await app.connect(other, "7001", "MICROSOFT");
  await makeBusy();
});
afterAll(() => app.stop());

/** Something of everything: pulls, resyncs, failures, refusals, REST, questions that nobody may ask. */
async function makeBusy(): Promise<void> {
  addEvents(app.simulator, account, 3);
  await app.pull(google);
  await app.pull(microsoft);
  const forged = { value: [{ subscriptionId: "canary-subscription", clientState: "canary-state" }] };
  const headers = { "content-type": "application/json" };
  await fetch(`${app.url}/notifications/microsoft`, { method: "POST", headers, body: JSON.stringify(forged) });
  const resync =
    "mutation canaryOperation($id: ID!) { canaryAlias: resyncConnection(connectionId: $id) { result { status } } }";
  await app.manager(resync, { id: google }, "7001");
  app.simulator.control.addFault({ match: { provider: "google", method: "GET" }, then: { status: 503 } });
  await app.pull(google);
  app.simulator.control.addFault({ match: { provider: "microsoft", method: "GET" }, then: { status: 403 } });
  await app.pull(microsoft);
  await askBadly();
}

async function askBadly(): Promise<void> {
  const client = await app.as("client", "7001");
  await client.request("query canaryOperation { calendarConnections { totalCount } }").catch(() => undefined);
  await app.manager("query canaryOperation { canaryField }", {}, "7001").catch(() => undefined);
  await app.manager("{ viewer { id } calendarConnections { totalCount } }", {}, "7001");
  const headers = { authorization: `Bearer ${await app.token("manager", "7001")}` };
  const paths = [
    `/api/calendar/admin/connections/${google}/sync-status/`,
    "/api/calendar/admin/connections/canary/",
    "/api/calendar/admin/canary/",
    "/canary",
    "/healthz",
  ];
  for (const path of paths) await (await fetch(`${app.url}${path}`, { headers })).text();
}

/** Requests are counted when they are over, which a client may notice before the server. */
async function scrapeAfter(holds: (samples: ScrapedSample[]) => boolean): Promise<ScrapedSample[]> {
  let samples: ScrapedSample[] = [];
  await until(async () => holds((samples = await scrape(app.url))));
  return samples;
}

describe("after a busy while", () => {
  test("attempts and runs are counted by provider, operation, outcome and error class", async () => {
    const samples = await scrape(app.url);
    const attempts = await app.sql<{
      provider: string;
      operation: string;
      outcome: string;
      class: string;
      count: string;
    }>(
      `select provider, operation, status as outcome, coalesce(error_class, 'NONE') as class, count(*)
       from sync_attempt where status <> 'RUNNING' group by 1, 2, 3, 4`,
    );
    expect(attempts.length).toBeGreaterThan(3);
    for (const { class: errorClass, count, ...labels } of attempts) {
      const counted = total(samples, "calendar_sync_attempts_total", { ...labels, error_class: errorClass });
      expect({ ...labels, errorClass, counted }).toEqual({ ...labels, errorClass, counted: Number(count) });
    }
    const finished = attempts.reduce((sum, { count }) => sum + Number(count), 0);
    expect(total(samples, "calendar_sync_attempts_total")).toBe(finished);
    expect(total(samples, "calendar_sync_attempt_duration_seconds_count")).toBe(finished);
  });

  test("every run that has ended is counted with its provider", async () => {
    const samples = await scrape(app.url);
    const runs = await app.sql<{ provider: string; outcome: string; count: string }>(
      `select c.provider, r.status as outcome, count(*) from sync_run r join calendar_connection c on c.id = r.connection_id
       where r.status in ('SUCCEEDED', 'FAILED', 'CANCELLED') group by 1, 2`,
    );
    for (const { count, ...labels } of runs) {
      expect({ ...labels, counted: total(samples, "calendar_sync_runs_total", labels) }).toEqual({
        ...labels,
        counted: Number(count),
      });
    }
  });

  test("requests are counted by root field or route, never by what the client has named", async () => {
    const samples = await scrapeAfter(
      (all) => total(all, "calendar_sync_requests_total", { operation: "healthz" }) > 0,
    );
    const counted = (labels: Record<string, string>) => total(samples, "calendar_sync_requests_total", labels);
    expect(counted({ api: "graphql", operation: "resyncConnection", outcome: "OK" })).toBe(1);
    expect(counted({ api: "graphql", operation: "calendarConnections", outcome: "FORBIDDEN" })).toBe(1);
    expect(counted({ api: "graphql", operation: "several", outcome: "OK" })).toBe(1);
    expect(counted({ api: "graphql", operation: "none", outcome: "GRAPHQL_VALIDATION_FAILED" })).toBe(1);
    expect(counted({ api: "rest", operation: "GET connections/{id}/sync-status/", outcome: "OK" })).toBe(1);
    expect(counted({ api: "rest", operation: "GET connections/{id}/", outcome: "NOT_FOUND" })).toBe(1);
    expect(counted({ api: "rest", operation: "none", outcome: "NOT_FOUND" })).toBe(1);
    expect(counted({ api: "OTHER", operation: "none", outcome: "NOT_FOUND" })).toBe(1);
  });

  test("provider requests are counted as the provider has received them", async () => {
    const samples = await scrape(app.url);
    const [row] = await app.sql<{ requests: string }>("select sum(request_count) as requests from sync_attempt");
    expect(total(samples, "calendar_sync_provider_requests_total")).toBe(Number(row?.requests));
    expect(total(samples, "calendar_sync_provider_requests_total", { provider: "GOOGLE", status: "5xx" })).toBe(1);
    expect(total(samples, "calendar_sync_provider_requests_total", { endpoint: "OTHER" })).toBe(0);
    expect(total(samples, "calendar_sync_provider_requests_total", { endpoint: "TOKEN", status: "2xx" })).toBe(2);
  });

  test("every label of every metric says something from a closed list", async () => {
    const operations = await operationNames();
    const lists: Record<string, Record<string, readonly string[]>> = {
      attempts_total: {
        provider: providerLabels,
        operation: operationLabels,
        outcome: attemptOutcomes,
        error_class: errorClasses,
      },
      attempt_duration_seconds: { provider: providerLabels, operation: operationLabels },
      runs_total: {
        provider: providerLabels,
        operation: operationLabels,
        outcome: runOutcomes,
        error_class: errorClasses,
      },
      requests_total: { api: apiLabels, operation: operations, outcome: requestOutcomes },
      request_duration_seconds: { api: apiLabels, operation: operations },
      provider_requests_total: { provider: providerLabels, endpoint: endpointLabels, status: statusClasses },
      provider_request_duration_seconds: { provider: providerLabels, endpoint: endpointLabels },
      notifications_total: { provider: providerLabels, outcome: notificationOutcomes },
      connections: { provider: providerLabels, status: connectionStatuses, health: healthLabels },
      last_success_age_seconds: { provider: providerLabels },
      queue_jobs: { priority: priorityNames, state: ["READY", "WAITING", "ACTIVE"] },
      queue_oldest_ready_seconds: { priority: priorityNames },
      unfinished_runs: { status: unfinishedStatuses },
      breaker_open: { provider: providerLabels },
      breaker_failed_probes: { provider: providerLabels },
      runs_waiting_for_provider: { provider: providerLabels },
      retry_budget_delay_seconds: { provider: providerLabels },
      first_tries_per_minute: { provider: providerLabels },
      quota_used_ratio: { provider: providerLabels, scope: ["APPLICATION", "MAILBOX"] },
      worker_places: {},
      database_up: {},
    };
    const seen = new Set<string>();
    for (const { name, labels } of await scrape(app.url)) {
      const own = /^calendar_sync_(.*?)(_bucket|_sum|_count)?$/.exec(name)?.[1];
      if (own === undefined) {
        expect(["kind", "space", "type", "version", "major", "minor", "patch", "le", "quantile"]).toEqual(
          expect.arrayContaining(Object.keys(labels)),
        );
        continue;
      }
      seen.add(own);
      for (const [label, value] of Object.entries(labels).filter(([label]) => label !== "le")) {
        expect({ own, label, value: lists[own]?.[label]?.includes(value) === true ? "listed" : value }).toEqual({
          own,
          label,
          value: "listed",
        });
      }
    }
    expect([...seen].sort()).toEqual(Object.keys(lists).sort());
  });

  test("no firm, connection, person or name of a client's is anywhere in it", async () => {
    const text = await (await fetch(`${app.url}/metrics`)).text();
    const withoutValues = text.replace(/ \S+$/gm, "");
    expect(withoutValues).not.toMatch(/canary|example\.test|7001|manager-/i);
  });
});

const priorityNames = Object.keys(priorities).map((name) => name.toUpperCase());

async function operationNames(): Promise<string[]> {
  const schema = await buildApiSchema();
  const fields = [schema.getQueryType(), schema.getMutationType()].flatMap((type) =>
    Object.keys(type?.getFields() ?? {}),
  );
  const rest = routes.map(({ method, path }) => `${method} ${path}`);
  return [...fields, ...rest, "several", "introspection", "none", "healthz", "readyz", "metrics"];
}

describe("the shared state", () => {
  test("tells connections, their last success, the queue and the workers as the database has them", async () => {
    const another = await TestApp.start({ installation: app.installation });
    try {
      const samples = await scrape(another.url);
      const of = (name: string, labels: Record<string, string> = {}) => total(samples, `calendar_sync_${name}`, labels);
      expect(of("connections", { provider: "GOOGLE", status: "ACTIVE", health: "HEALTHY" })).toBe(1);
      expect(of("connections", { provider: "MICROSOFT" })).toBe(1);
      expect(of("last_success_age_seconds_count")).toBe(2);
      expect(of("last_success_age_seconds_bucket", { provider: "GOOGLE", le: "120" })).toBe(1);
      expect(of("queue_jobs")).toBe(0);
      expect(of("worker_places")).toBe(8);
      expect(of("breaker_open")).toBe(0);
      expect(of("quota_used_ratio", { provider: "GOOGLE", scope: "MAILBOX" })).toBeGreaterThan(0);
      expect(of("database_up")).toBe(1);
    } finally {
      await another.stop();
    }
  });

  test("counts of two processes add up, and what they tell of the database is the same", async () => {
    const another = await TestApp.start({ installation: app.installation });
    try {
      const before = await scrape(app.url);
      await another.pull(google);
      const [one, two] = [await scrape(app.url), await scrape(another.url)];
      const added = (name: string) => total(one, name) + total(two, name) - total(before, name);
      expect(added("calendar_sync_attempts_total")).toBe(1);
      expect(added("calendar_sync_runs_total")).toBe(1);
      for (const name of ["calendar_sync_connections", "calendar_sync_worker_places"])
        expect(total(two, name)).toBe(total(await scrape(another.url), name));
    } finally {
      await another.stop();
    }
  });
});

describe("GET /metrics", () => {
  test("is for this machine alone: not through a proxy, nor for a page that names another host", async () => {
    expect(await statusOf({})).toBe(200);
    expect(await statusOf({ host: "localhost:4000" })).toBe(200);
    for (const headers of [
      { "x-forwarded-for": "198.51.100.7" },
      { forwarded: "for=198.51.100.7" },
      { via: "1.1 proxy" },
      { host: "calendar.example.com" },
      { host: "127.0.0.1.example.com" },
    ]) {
      expect({ headers, status: await statusOf(headers) }).toEqual({ headers, status: 404 });
    }
  });

  test("has a port of its own where one is set, in a worker without an API too, with the probes", async () => {
    const worker = await TestApp.start({
      installation: app.installation,
      environment: { ROLES: "worker,scheduler", METRICS_PORT: "0" },
    });
    try {
      const url = worker.operationsUrl;
      expect(total(await scrape(url), "calendar_sync_database_up")).toBe(1);
      expect(await (await fetch(`${url}/healthz`)).json()).toEqual({ status: "up" });
      expect(await (await fetch(`${url}/readyz`)).json()).toEqual({ status: "ready" });
      expect((await fetch(`${url}/graphql`)).status).toBe(404);
      expect((await fetch(`${url}/metrics`, { method: "POST" })).status).toBe(405);
    } finally {
      await worker.stop();
    }
  });

  test("is then not on the main port", async () => {
    const api = await TestApp.start({
      installation: app.installation,
      environment: { ROLES: "api", METRICS_PORT: "0" },
    });
    try {
      expect((await fetch(`${api.url}/metrics`)).status).toBe(404);
      expect(total(await scrape(api.operationsUrl), "calendar_sync_database_up")).toBe(1);
    } finally {
      await api.stop();
    }
  });

  function statusOf(headers: Record<string, string>): Promise<number> {
    return new Promise((resolve, reject) => {
      request(`${app.url}/metrics`, { headers }, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      })
        .on("error", reject)
        .end();
    });
  }
});

test("a reader of the format takes every line that is told", async () => {
  const text = await (await fetch(`${app.url}/metrics`)).text();
  expect(readSamples(text).length).toBeGreaterThan(100);
  const types = [...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name);
  expect(new Set(types).size).toBe(types.length);
});
