import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { runTypeScript } from "../support/typescript-process.js";
import { bob, givenBob, givenWeekly, hourOn } from "./given.js";
import { window } from "./graph-client.js";

const client = new URL("microsoft-https-client.ts", import.meta.url);

test("the official client, unmodified, follows a round over https with a certificate it was told to trust", async () => {
  const { simulator } = await givenBob({ hasHttps: true });
  simulator.control.createEvent(bob, hourOn("2026-11-20"));
  givenWeekly(simulator);
  const folder = await mkdtemp(join(tmpdir(), "certificate-"));
  try {
    const file = join(folder, "certificate.pem");
    await writeFile(file, simulator.https?.certificate ?? "");
    const url = simulator.https?.url ?? "";
    const args = [url, simulator.control.issueAccessToken(bob), window.from, window.to];
    const running = runTypeScript(client, args, { env: { ...process.env, NODE_EXTRA_CA_CERTS: file } });
    const told = JSON.parse(await running.nextLine()) as { ids: string[]; deltaLink: string };
    expect(await running.ended).toBe(0);
    expect(told).toMatchObject({ mail: bob, pages: 3, later: 0 });
    expect(new Set(told.ids).size).toBe(6);
    expect(told.deltaLink.startsWith(`${url}/v1.0/me/calendarView/delta?$deltatoken=`)).toBe(true);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("nobody else trusts that certificate", async () => {
  const { simulator } = await givenBob({ hasHttps: true });
  await expect(fetch(`${simulator.https?.url ?? ""}/v1.0/me`)).rejects.toThrow(/fetch failed/);
});
