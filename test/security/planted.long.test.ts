import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { SignJWT } from "jose";
import { prefix } from "../../src/rest/routes.js";
import { TestApp } from "../support/app.js";
import { Given } from "../support/given.js";
import { post } from "../support/graphql-server.js";
import { ServerProcess, type PlantedFault } from "../support/server-process.js";
import { filters, withoutRowLevelSecurity } from "./firm-filters.js";
import { expectedStatus } from "./permission-table.js";
import { playSequences } from "./play-sequences.js";

jest.setTimeout(300_000);

let app: TestApp;
let given: Given;
beforeAll(async () => {
  app = await TestApp.start({ environment: { ROLES: "api" } });
  given = new Given(app.installation.database.superuserUrl);
});
afterAll(async () => {
  await given.close();
  await app.stop();
});

async function statusWith(url: string, more: object, header: object): Promise<number> {
  const claims = { sub: "1", firm_id: 1, role: "manager", ...more };
  const token = new SignJWT(claims).setProtectedHeader({ alg: "HS256", ...header }).setExpirationTime("1 hour");
  const [secret = ""] = app.config.jwt.secrets;
  return (await post(url, { query: "{ viewer { id } }" }, await token.sign(new TextEncoder().encode(secret)))).status;
}

async function statusOfOptions(url: string): Promise<number> {
  const headers = { authorization: `Bearer ${await app.token("client")}` };
  return (await fetch(`${url}${prefix}connections/`, { method: "OPTIONS", headers })).status;
}

/** One alias more than are served. */
const many = Array.from({ length: 16 }, (_, index) => `a${index}: viewer { id }`).join(" ");

async function statusOfMany(url: string): Promise<number> {
  return (await post(url, { query: `{ ${many} }` }, await app.token("manager"))).status;
}

/** What a mistake changes: what a server without it answers, and how it is made. */
const mistakes: Record<string, { planted: PlantedFault; status: (url: string) => Promise<number>; rightly: number }> = {
  "refresh tokens are taken for access tokens": {
    planted: { file: "src/access/claims.ts", find: `payload["token_type"] !== "access"`, replace: "false" },
    status: (url) => statusWith(url, { token_type: "refresh" }, {}),
    rightly: 401,
  },
  "tokens of any kind are taken for access tokens": {
    planted: { file: "src/access/token.ts", find: "if (accessTokenTypes.includes(name)) return", replace: "return" },
    status: (url) => statusWith(url, {}, { typ: "logout+jwt" }),
    rightly: 401,
  },
  "operations of any size are served": {
    planted: {
      file: "src/graphql/limit-queries.ts",
      find: "if (size[limit] <= most) continue;",
      replace: "if (most > 0) continue;",
    },
    status: statusOfMany,
    rightly: 400,
  },
  "REST tells everybody what it has": {
    planted: { file: "src/rest/router.ts", find: "if (!isManager(actor)) throw refusals.forbidden();", replace: "" },
    status: statusOfOptions,
    rightly: Number(expectedStatus("connections/", "OPTIONS", "client")),
  },
};

test.each(Object.entries(mistakes))("it shows when %s", async (_mistake, { planted, status, rightly }) => {
  expect(await status(app.url)).toBe(rightly);
  const server = await ServerProcess.start(app, { roles: "api", planted });
  expect(await status(String(server.url))).toBe(200);
  await server.stop();
});

describe("sequences of three firms, on a server that has lost all its filters by firm,", () => {
  const tokenFor = (firmId: string): Promise<string> => app.token("manager", firmId);

  test("go as the models say as long as the database keeps firms apart, and not a moment longer", async () => {
    const environment = { RATE_LIMIT_PER_MINUTE: "1000000" };
    const server = await ServerProcess.start(app, { roles: "api", environment, planted: filters });
    const where = { url: String(server.url), given, tokenFor };
    expect(await playSequences(where, { sequences: 20, seed: 1, firstFirm: 20_000_000 })).toBeNull();
    await withoutRowLevelSecurity(given);
    expect(await playSequences(where, { sequences: 20, seed: 1, firstFirm: 30_000_000 })).not.toBeNull();
    await server.stop();
  });
});
