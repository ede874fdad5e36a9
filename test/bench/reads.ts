import { alternate } from "./alternate.js";
import type { Bench, Measurement } from "./measurement.js";
import { failedAttempts, graphql, syncStatus } from "./read-questions.js";
import { readConnections } from "./read-seed.js";
import { haveSameRows } from "./same-answers.js";
import { ReadsWorld } from "./reads-world.js";

type Compare = (world: ReadsWorld) => Promise<Measurement[]>;

const atOnce = 16;

/** The targets of reading, by their number. */
const comparisons = {
  P1: statusOfLargeConnections,
  P2: deepPage,
  P3: failuresBesideOthers,
  P4: statusBesideOthers,
  P5: restBesideOthers,
  P6: sharesOfItsParts,
} satisfies Record<string, Compare>;

export type ReadTarget = keyof typeof comparisons;
export const readTargets = Object.keys(comparisons) as ReadTarget[];

/** Reads of a large database, by clients in another process, beside what they are compared with. */
export function readsBench(targets: readonly ReadTarget[]): Bench {
  return async ({ isQuick, tell }) => {
    const world = await ReadsWorld.open(isQuick, tell);
    const measurements: Measurement[] = [];
    try {
      for (const target of targets) {
        tell(target);
        const found = await comparisons[target](world);
        measurements.push(...found.map((line) => ({ ...line, what: `${target} ${line.what}` })));
      }
      return measurements;
    } finally {
      await world.close();
    }
  };
}

function atMost(most: number, what: string, ratio: number, profile: string): Measurement {
  return { what, target: `≤ ${most}×`, measured: `${ratio.toFixed(2)}×`, isMet: ratio <= most, profile };
}

function atLeast(least: number, what: string, ratio: number, profile: string): Measurement {
  return { what, target: `≥ ${least}`, measured: ratio.toFixed(2), isMet: ratio >= least, profile };
}

async function statusOfLargeConnections(world: ReadsWorld): Promise<Measurement[]> {
  const origin = await world.api();
  const of = ({ id }: { id: number }) => {
    const requests = [graphql(world.manager, syncStatus, { connectionId: id })];
    return { origin, requests, connections: 1 };
  };
  const { small, large, largeWithManyOpen } = readConnections;
  const loads = { small: of(small), large: of(large), manyOpen: of(largeWithManyOpen) };
  const rates = await alternate(loads, world.rounds);
  return [
    atMost(
      1.2,
      "time of a status of a large connection beside one with 500 attempts",
      1 / rates.large,
      "something counts attempts",
    ),
    atMost(2.5, "the same with 1,000 open failures", 1 / rates.manyOpen, "waiting retries are counted"),
  ];
}

async function deepPage(world: ReadsWorld): Promise<Measurement[]> {
  const origin = await world.api();
  const after = await deepCursor(origin, world.manager);
  const of = (variables: object) => ({
    ...{ origin, connections: 4 },
    requests: [graphql(world.manager, failedAttempts, variables)],
  });
  const { deep } = await alternate({ first: of({}), deep: of({ after }) }, world.rounds);
  return [atMost(1.2, "time of a page after 1,000 rows beside the first", 1 / deep, "rows before the cursor are read")];
}

/** After forty pages of 25. */
async function deepCursor(origin: string, token: string): Promise<string> {
  let after: string | null = null;
  for (let page = 0; page < 40; page += 1) {
    const { path, body } = graphql(token, failedAttempts, { after });
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const response = await fetch(origin + path, { method: "POST", headers, body: body ?? "" });
    const { data } = (await response.json()) as {
      data: { failedAttempts: { pageInfo: { endCursor: string | null } } };
    };
    after = data.failedAttempts.pageInfo.endCursor;
  }
  if (after === null) throw new Error("the list has fewer than 1,000 rows");
  return after;
}

const bySharing = "PostgreSQL, the clients and the server share the processors; see the profile in docs/performance.md";

async function failuresBesideOthers(world: ReadsWorld): Promise<Measurement[]> {
  const { api, raw, postGraphile } = world.questions.failures;
  const loads = {
    raw: { origin: await world.compared("raw-server"), requests: raw, connections: atOnce },
    api: { origin: await world.api(), requests: api, connections: atOnce },
    postGraphile: { origin: await world.compared("postgraphile-server"), requests: postGraphile, connections: atOnce },
    naive: { origin: await world.compared("naive-server"), requests: api, connections: atOnce },
  };
  await haveSameRows(loads);
  const rates = await alternate(loads, world.rounds);
  return [
    atLeast(0.28, "failedAttempts, requests/s beside raw pg", rates.api, bySharing),
    atLeast(1, "the same beside PostGraphile 5", rates.api / rates.postGraphile, bySharing),
    atLeast(1, "the same beside entities and shield on every field", rates.api / rates.naive, bySharing),
  ];
}

async function statusBesideOthers(world: ReadsWorld): Promise<Measurement[]> {
  const { api, raw, postGraphile } = world.questions.status;
  const loads = {
    raw: { origin: await world.compared("raw-server"), requests: raw, connections: atOnce },
    api: { origin: await world.api(), requests: api, connections: atOnce },
    postGraphile: { origin: await world.compared("postgraphile-server"), requests: postGraphile, connections: atOnce },
  };
  const rates = await alternate(loads, world.rounds);
  return [
    atLeast(0.23, "syncStatus, requests/s beside raw pg", rates.api, bySharing),
    atLeast(1, "the same beside PostGraphile 5", rates.api / rates.postGraphile, bySharing),
  ];
}

async function restBesideOthers(world: ReadsWorld): Promise<Measurement[]> {
  const { status, connectionFailures } = world.questions;
  const measurements: Measurement[] = [];
  for (const [what, { rest, raw }] of Object.entries({
    "sync-status": status,
    "failed-attempts": connectionFailures,
  })) {
    const loads = {
      raw: { origin: await world.compared("raw-server"), requests: raw, connections: atOnce },
      rest: { origin: await world.api(), requests: rest, connections: atOnce },
    };
    const rates = await alternate(loads, world.rounds);
    measurements.push(atLeast(0.27, `REST ${what}, requests/s beside raw pg`, rates.rest, bySharing));
  }
  return measurements;
}

const withoutPermissions = {
  file: "src/server.ts",
  find: "withPermissions(await buildApiSchema())",
  replace: "await buildApiSchema()",
};

/** The session stays as it is: a superuser sees every firm's rows, and the statements name the firm. */
const withoutBinding = {
  file: "src/database/firm-scope.ts",
  find: 'if (firmId === boundByTransaction || (boundFirms.get(session) ?? "") === firmId) return;',
  replace: "if (boundFirms !== undefined) return;",
};

async function sharesOfItsParts(world: ReadsWorld): Promise<Measurement[]> {
  const requests = world.questions.failures.api;
  const of = (origin: string) => ({ origin, requests, connections: atOnce });
  const rates = await alternate(
    {
      all: of(await world.api()),
      noPermissions: of(await world.api("without permissions", { planted: [withoutPermissions] })),
      noBinding: of(await world.api("without row level security", { planted: [withoutBinding], isSuperuser: true })),
    },
    world.rounds,
  );
  const share = (what: string, without: number, profile: string): Measurement => {
    const cost = 1 - 1 / without;
    return { what, target: "≤ 10 %", measured: `${Math.round(cost * 100)} %`, isMet: cost <= 0.1, profile };
  };
  return [
    share("share of requests/s of the permissions", rates.noPermissions, "the rules of the root fields"),
    share("share of requests/s of row level security", rates.noBinding, "binding a session to another firm"),
  ];
}
