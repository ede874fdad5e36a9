import { expect, jest, test } from "@jest/globals";
import { runTypeScript } from "../support/typescript-process.js";

jest.setTimeout(420_000);

/** Everything that it tells, without the lines on how it goes. */
async function nemesis(environment: Record<string, string> = {}): Promise<{ told: string[]; code: unknown }> {
  const started = runTypeScript(new URL("run.ts", import.meta.url), ["short"], {
    env: { ...process.env, ...environment },
  });
  const told: string[] = [];
  for (;;) {
    const line = await started.nextLine().catch(() => null);
    if (line === null) return { told, code: await started.ended };
    told.push(line);
  }
}

test("whatever process is killed or frozen wherever, and PostgreSQL with it, nothing is lost, doubled or left behind", async () => {
  const { told, code } = await nemesis();
  expect(told.filter((line) => line.startsWith("✗"))).toEqual([]);
  expect(told.at(-1)).toBe("nothing was lost, doubled or left behind");
  expect(code).toBe(0);
});
