import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "@jest/globals";
import { failpoint, failpoints, visitFailpoints } from "../../src/failpoints.js";
import { armFailpoints, failpointsVariable } from "../support/armed-failpoints.js";

const source = new URL("../../src/", import.meta.url).pathname;

/** The names of the failpoints in the code, as often as they stand there. */
function placedFailpoints(): string[] {
  return readdirSync(source, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .flatMap((file) => [...readFileSync(join(source, file), "utf8").matchAll(/await failpoint\("([^"]+)"\)/g)])
    .map(([, name]) => String(name));
}

afterEach(() => {
  visitFailpoints(null);
});

describe("failpoints", () => {
  test("stand each in exactly one place of the code, and are awaited there", () => {
    expect(placedFailpoints().sort()).toEqual(Object.keys(failpoints).sort());
  });

  test("are nothing while nobody visits them", () => {
    expect(failpoint("page.fetched")).toBeUndefined();
  });

  test("cannot be turned on by the server itself", () => {
    const files = readdirSync(source, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
    const naming = files.filter((file) => readFileSync(join(source, file), "utf8").includes("visitFailpoints"));
    expect(naming).toEqual(["failpoints.ts"]);
  });
});

describe("arming failpoints", () => {
  const armed = (name: string, more: object = {}) => ({
    [failpointsVariable]: JSON.stringify({ report: "/dev/null", armed: [{ name, action: "kill", ...more }] }),
  });

  test("by a name that is not in the list is refused", () => {
    expect(() => {
      armFailpoints(armed("page.written"));
    }).toThrow();
  });

  test("with an action or a number that is none is refused", () => {
    for (const more of [{ action: "sleep" }, { nth: 0 }, { chance: 2 }, { often: true }]) {
      expect(() => {
        armFailpoints(armed("page.fetched", more));
      }).toThrow();
    }
  });

  test("is refused in production", () => {
    expect(() => {
      armFailpoints({ ...armed("page.fetched"), NODE_ENV: "production" });
    }).toThrow("for tests");
  });

  test("does nothing where the variable is not set", () => {
    armFailpoints({});
    expect(failpoint("page.fetched")).toBeUndefined();
  });
});
