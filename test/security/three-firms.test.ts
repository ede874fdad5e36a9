import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
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

/** Five hundred take more than half a minute of processor time: every day some are played, and always the same ones. */
const played = isLong ? { sequences: 500, seed: Date.now() } : { sequences: 60, seed: 1 };
const tokenFor = (firmId: string): Promise<string> => tokenOf({ firmId });

test("three firms see and change what is theirs, as a model of each firm says, whatever they ask and whoever's it is", async () => {
  const { url, given } = server;
  expect(await playSequences({ url, given, tokenFor }, played)).toBeNull();
});

describe("it is noticed", () => {
  test("when a server takes a firm for another one", async () => {
    const { url, given } = server;
    const next = (firmId: string): Promise<string> => tokenFor(String(Number(firmId) - 1));
    expect(
      await playSequences({ url, given, tokenFor: next }, { sequences: 5, seed: 1, firstFirm: 20_000_000 }),
    ).not.toBeNull();
  });

  test("when a deed reaches another firm, though nobody is told", async () => {
    const { url, given } = server;
    await given.sql(
      `create function spread() returns trigger language plpgsql as $$ begin
         update calendar_connection set status = new.status, status_reason = new.status_reason
         where firm_id <> new.firm_id and calendar_id = new.calendar_id and status <> new.status;
         return null;
       end $$;
       alter function spread() security definer;
       create trigger spread after update of status on calendar_connection for each row when (pg_trigger_depth() = 0) execute function spread()`,
    );
    const told = await playSequences({ url, given, tokenFor }, { sequences: 50, seed: 1, firstFirm: 30_000_000 });
    await given.sql("drop trigger spread on calendar_connection; drop function spread()");
    expect(told).not.toBeNull();
  });
});
