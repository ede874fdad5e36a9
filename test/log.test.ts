import { Writable } from "node:stream";
import { expect, test } from "@jest/globals";
import { createLogger } from "../src/log.js";

/** What one call of `write` puts into the log. */
function logged(write: (log: ReturnType<typeof createLogger>) => void): string {
  const lines: string[] = [];
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(chunk.toString());
      done();
    },
  });
  write(createLogger({ level: "info", isPretty: false }, destination));
  return lines.join("");
}

test("of an error its kind, code, message and stack are logged, not what hangs on it", () => {
  const cause = Object.assign(new Error("refresh_token=canary"), { code: "EAUTH" });
  const error = Object.assign(new TypeError("what happened", { cause }), { config: { data: "canary" }, code: "E1" });
  const line = logged((log) => {
    log.error({ err: error }, "failed");
  });
  expect(JSON.parse(line)).toMatchObject({
    err: { type: "TypeError", code: "E1", message: "what happened", cause: { type: "Error", code: "EAUTH" } },
  });
  expect(line).not.toContain("canary");
});

test("what is logged under the name of a secret or of personal data is not written", () => {
  const line = logged((log) => {
    log.info(
      { token: "canary", headers: { authorization: "canary" }, connection: { accountEmail: "canary" }, firmId: "1" },
      "x",
    );
  });
  expect(line).not.toContain("canary");
  expect(JSON.parse(line)).toMatchObject({ firmId: "1", token: "[redacted]" });
});

test("what was thrown and is no error is not written either", () => {
  expect(
    logged((log) => {
      log.error({ err: "canary" }, "failed");
    }),
  ).not.toContain("canary");
});
