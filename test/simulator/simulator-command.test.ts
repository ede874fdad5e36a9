import { describe, expect, test } from "@jest/globals";
import { runTypeScript } from "../support/typescript-process.js";

const command = new URL("../../src/commands/simulator.ts", import.meta.url);

describe("the simulator command", () => {
  test("prints its address, answers, and ends cleanly when it is told to", async () => {
    const running = runTypeScript(command, ["--port", "0"]);
    const url = /http:\S+/.exec(await running.nextLine())?.[0] ?? "";
    expect((await fetch(`${url}/__sim/state`)).status).toBe(200);
    running.child.kill("SIGTERM");
    expect(await running.ended).toBe(0);
  });

  test("serves both providers, as unreliable as it is told", async () => {
    const running = runTypeScript(command, ["--port", "0", "--profile", "flaky:3"]);
    const url = /http:\S+/.exec(await running.nextLine())?.[0] ?? "";
    const state = (await (await fetch(`${url}/__sim/state`)).json()) as {
      profile: string;
      accounts: { provider: string }[];
    };
    expect(state.profile).toBe("flaky:3");
    expect(new Set(state.accounts.map(({ provider }) => provider))).toEqual(new Set(["google", "microsoft"]));
    running.child.kill("SIGTERM");
    expect(await running.ended).toBe(0);
  });

  test.each([
    [["--port", "many"], /--port is no port: many/],
    [["--prot", "1"], /Unknown option '--prot'/],
    [["--port", "0", "--profile", "steady"], /--profile is not flaky:SEED: steady/],
    [["stray"], /unexpected argument: stray/],
    [["--port", "0", "--ics", "/nowhere/x.ics"], /\/nowhere\/x\.ics cannot be read/],
  ])("%j is refused in one line", async (args, reason) => {
    const { child, ended } = runTypeScript(command, args);
    let complaint = "";
    child.stderr?.on("data", (chunk: Buffer) => (complaint += chunk.toString()));
    expect(await ended).toBe(2);
    expect(complaint).toMatch(reason);
    expect(complaint.trim().split("\n")).toHaveLength(1);
  });
});
