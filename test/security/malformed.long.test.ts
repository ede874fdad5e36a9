import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { TestApp } from "../support/app.js";
import { ServerProcess, type PlantedFault } from "../support/server-process.js";
import { sendMalformed } from "./tell-tales.js";

jest.setTimeout(300_000);

let app: TestApp;

beforeAll(async () => {
  app = await TestApp.start({ environment: { ROLES: "api" } });
});
afterAll(() => app.stop());

const mistakes: Record<string, PlantedFault> = {
  "ids beyond what the database holds are let through": {
    ...{ file: "src/id.ts", find: "&& BigInt(text) <= largestId ? text", replace: "? text" },
  },
  "errors tell what they were": {
    file: "src/graphql/format-error.ts",
    find: `return { message: formatted.message, extensions: { code } };`,
    replace: `return { message: String(error instanceof Error ? error.stack : error), extensions: { code } };`,
  },
};

describe("malformed requests notice that", () => {
  test.each(Object.entries(mistakes))("%s", async (_mistake, planted) => {
    const environment = { RATE_LIMIT_PER_MINUTE: "1000000" };
    const server = await ServerProcess.start(app, { roles: "api", environment, planted });
    const asked = { url: String(server.url), token: await app.token("manager"), requests: 20_000, isShrunk: false };
    expect((await sendMalformed(asked)).failure).not.toBeNull();
    await server.stop();
  });
});
