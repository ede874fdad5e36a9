import { expect, jest, test } from "@jest/globals";
import { runTypeScript } from "../support/typescript-process.js";

jest.setTimeout(420_000);

/** Everything that it tells, to the end of what it says when it fails. */
async function nemesis(): Promise<string[]> {
  const started = runTypeScript(new URL("run.ts", import.meta.url), ["short"], { env: process.env });
  const told: string[] = [];
  for (;;) {
    try {
      told.push(await started.nextLine());
    } catch (error) {
      if ((await started.ended) !== 0) told.push(String(error));
      return told;
    }
  }
}

test("whatever process is killed or frozen wherever, and PostgreSQL with it, nothing is lost, doubled or left behind", async () => {
  const told = await nemesis();
  expect(told.filter((line) => line.startsWith("✗"))).toEqual([]);
  expect(told.at(-1)).toBe("nothing was lost, doubled or left behind");
});
