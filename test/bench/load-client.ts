/**
 * A process of its own that asks a server as fast as it answers: a file with `{ origin, requests, connections, seconds }` is its argument, and on
 * stdout how many were answered in how many seconds. Whatever is not answered with 200 ends it with an error.
 */
import { readFileSync } from "node:fs";
import { Pool } from "undici";
import type { Load } from "./load.js";

const warmUpMs = 500;

const { origin, requests, connections, seconds } = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8")) as Load;
const pool = new Pool(origin, { connections });
let [turn, answered] = [0, 0];

async function askUntil(end: number): Promise<void> {
  while (performance.now() < end) {
    const request = requests[turn++ % requests.length];
    if (!request) throw new Error("there is nothing to ask");
    const { statusCode, body } = await pool.request({
      method: request.body === undefined ? "GET" : "POST",
      path: request.path,
      headers: { authorization: `Bearer ${request.token}`, "content-type": "application/json" },
      body: request.body ?? null,
    });
    const text = await body.text();
    if (statusCode !== 200 || text.includes('"errors"')) throw new Error(`${statusCode}: ${text.slice(0, 500)}`);
    answered += 1;
  }
}

const askAll = (end: number) => Promise.all(Array.from({ length: connections }, () => askUntil(end)));

await askAll(performance.now() + warmUpMs);
answered = 0;
const begun = performance.now();
await askAll(begun + seconds * 1000);
process.stdout.write(`${JSON.stringify({ answered, seconds: (performance.now() - begun) / 1000 })}\n`);
await pool.close();
