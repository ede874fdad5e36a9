import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { MutationLimit } from "../../src/access/mutation-limit.js";
import { startTestServer, tokenOf, type TestServer } from "../support/graphql-server.js";
import { isLong } from "../support/long.js";
import { playSequences } from "./play-sequences.js";

jest.setTimeout(600_000);

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ mutationLimit: new MutationLimit({ mutations: 1_000_000, windowSeconds: 60 }) });
});
afterAll(() => server.stop());

const tokenFor = (firmId: string): Promise<string> => tokenOf({ firmId });

test("three firms see and change what is theirs, as a model of each firm says, whatever they ask and whoever's it is", async () => {
  const { url, given } = server;
  const told = await playSequences({ url, given, tokenFor }, { sequences: 500, seed: isLong ? Date.now() : 1 });
  expect(told).toBeNull();
});
