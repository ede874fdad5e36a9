import { afterEach, beforeEach, describe, expect, jest, test } from "@jest/globals";
import { failpoints, type Failpoint } from "../../src/failpoints.js";
import { TestApp } from "../support/app.js";
import type { PlantedFault } from "../support/server-process.js";
import { failingCommand } from "./failing-command.js";
import { firstKey, newKey, refreshTokenOf, storeRefreshed } from "./keys.js";

/** Processes start slowly on a busy machine. */
jest.setTimeout(240_000);

let app: TestApp;
let keys: string;
let second: string;
let connections: string[];
let tokens: string[];

beforeEach(async () => {
  app = await TestApp.start({ environment: { ROLES: "api" } });
  second = newKey(2);
  keys = `${firstKey(app)},${second}`;
  connections = [await app.connect("a@x.test"), await app.connect("b@x.test")];
  tokens = await Promise.all(connections.map((connection) => refreshTokenOf(app, connection, keys)));
});

afterEach(async () => {
  await app.stop();
});

function rotate(options: Parameters<typeof failingCommand>[2] = {}) {
  return failingCommand(app, ["rotate-keys"], { ...options, environment: { CREDENTIALS_KEYS: keys } });
}

async function versions(): Promise<number[]> {
  const rows = await app.sql<{ key_version: number }>(
    "select key_version from calendar_credential order by firm_id, connection_id",
  );
  return rows.map(({ key_version }) => key_version);
}

async function audited(): Promise<unknown[]> {
  return app.sql(
    "select firm_id, resource_id, metadata from audit_event where event_type = 'credentials_rotated' order by id",
  );
}

function event(firm: string, rows: number, unreadable = 0): unknown {
  return {
    ...{ firm_id: firm, resource_id: firm },
    metadata: { key_version: 2, rotated: { calendar_credential: rows }, unreadable },
  };
}

describe("npm run rotate-keys", () => {
  test("encrypts what older keys have encrypted with the highest, once, and says which key is needed no more", async () => {
    await app.connect("other@x.test", "2");
    await storeRefreshed(app, String(connections[0]), firstKey(app), String(tokens[0]));
    expect(await rotate()).toEqual({
      ended: 0,
      output: [
        "firm 1: 2 rows encrypted with version 2",
        "firm 2: 1 row encrypted with version 2",
        "rotate-keys: 3 rows encrypted with version 2",
        "version 2 is in use: 3 rows of calendar_credential",
        "version 1 is in use no more: it can be removed from CREDENTIALS_KEYS (backups may need it)",
        "",
      ].join("\n"),
    });
    for (const [index, connection] of connections.entries()) {
      expect(await refreshTokenOf(app, connection, second)).toBe(tokens[index]);
    }
    expect(await audited()).toEqual([event("1", 2), event("2", 1)]);
    const again = await rotate();
    expect(again.ended).toBe(0);
    expect(again.output).toContain("rotate-keys: 0 rows encrypted");
    expect(await audited()).toHaveLength(2);
  });

  test("by two at once rotates and audits every firm once", async () => {
    const outcomes = await Promise.all([rotate(), rotate()]);
    expect(outcomes.map(({ ended }) => ended)).toEqual([0, 0]);
    expect(await audited()).toEqual([event("1", 2)]);
    expect(await refreshTokenOf(app, String(connections[0]), second)).toBe(tokens[0]);
  });

  test("names what it cannot read, leaves it, rotates the rest and exits 1", async () => {
    const change = "set refresh_token = set_byte(refresh_token, 20, get_byte(refresh_token, 20) # 1)";
    await app.sql(`update calendar_credential ${change} where connection_id = $1`, [connections[0]]);
    const { ended, output } = await rotate();
    expect(ended).toBe(1);
    expect(output).toContain(`✗ firm 1 connection ${connections[0]}: cannot be read with version 1; left as it is\n`);
    expect(output).toContain("version 1 is in use: 1 row of calendar_credential\n");
    expect(output).not.toContain("can be removed");
    expect(await versions()).toEqual([1, 2]);
    expect(await audited()).toEqual([event("1", 1, 1)]);
  });

  test("refuses to begin without a key that something needs", async () => {
    keys = second;
    expect(await rotate()).toEqual({
      ended: 2,
      output:
        "rotate-keys: CREDENTIALS_KEYS: version 1 is missing: the tokens of 2 connections are encrypted with it\n",
    });
    expect(await versions()).toEqual([1, 1]);
  });

  test("takes no arguments", async () => {
    const outcome = await failingCommand(app, ["rotate-keys", "--force"]);
    expect(outcome.ended).toBe(2);
  });
});

/** A refresh is stored between the rotation's reading and its writing. Returns which token is stored in the end. */
async function tokenAfterRefresh(planted?: PlantedFault): Promise<string> {
  const connection = String(connections[0]);
  await storeRefreshed(app, connection, firstKey(app), String(tokens[0])); // with an access token, too
  const refresh = async (): Promise<void> => {
    expect(await storeRefreshed(app, connection, firstKey(app), "refreshed")).toBe(true);
  };
  const armed = { name: "rotate.read", action: "freeze", nth: 1 } as const;
  const outcome = await rotate({ armed, whileFrozen: refresh, ...(planted ? { planted } : {}) });
  expect(outcome.ended).toBe(0);
  expect(await versions()).toEqual([2, 2]);
  return refreshTokenOf(app, connection, second);
}

describe("a token that is refreshed while keys are rotated", () => {
  test("is not lost, and is rotated too", async () => {
    expect(await tokenAfterRefresh()).toBe("refreshed");
    expect(await audited()).toEqual([event("1", 2)]);
  });

  test("is lost where what is written is not compared with what was read", async () => {
    const find =
      "const unchanged = names.map((name) => sql`stored.${sql.ref(name)} is not distinct from anew.${was(name)}`);";
    const replace = "const unchanged = [sql`true`];";
    const fault = { file: "src/connections/credential-rotation.ts", find, replace };
    expect(await tokenAfterRefresh(fault)).toBe(tokens[0]);
  });
});

describe.each(Object.keys(failpoints).filter((name) => name.startsWith("rotate.")) as Failpoint[])(
  "a rotation that is killed at %s",
  (name) => {
    test("leaves every token readable, each firm whole or not at all, and can be run again", async () => {
      await app.connect("other@x.test", "2");
      const killed = await rotate({ armed: { name, action: "kill", nth: 1 } });
      expect(killed.ended).toBe("SIGKILL");
      for (const token of tokens) expect(killed.output).not.toContain(token);
      const isCommitted = name === "rotate.committed";
      expect(await versions()).toEqual(isCommitted ? [2, 2, 1] : [1, 1, 1]);
      expect(await audited()).toHaveLength(isCommitted ? 1 : 0);
      expect(await refreshTokenOf(app, String(connections[0]), keys)).toBe(tokens[0]);
      expect((await rotate()).ended).toBe(0);
      expect(await versions()).toEqual([2, 2, 2]);
      expect(await audited()).toEqual([event("1", 2), event("2", 1)]);
    });
  },
);
