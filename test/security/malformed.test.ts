import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { MutationLimit } from "../../src/access/mutation-limit.js";
import { startTestServer, tokenOf, type TestServer } from "../support/graphql-server.js";
import { isLong } from "../support/long.js";
import { givenTwoFirms } from "./foreign-world.js";
import { sendMalformed } from "./tell-tales.js";

jest.setTimeout(600_000);

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer({ mutationLimit: new MutationLimit({ mutations: 10_000_000, windowSeconds: 60 }) });
  await givenTwoFirms(server.given);
});
afterAll(() => server.stop());

test("whatever a client sends is its own mistake, and the answer says nothing of what the server is made of", async () => {
  const requests = isLong ? 20_000 : 1_500;
  const asked = { url: server.url, token: await tokenOf(), requests, isShrunk: isLong };
  const { failure, statuses } = await sendMalformed(asked);
  expect(failure).toBeNull();
  expect([...statuses]).toEqual(expect.arrayContaining([200, 400, 404]));
  expect(server.logLines.filter((line) => /"level":(50|60)/.test(line))).toEqual([]);
});
