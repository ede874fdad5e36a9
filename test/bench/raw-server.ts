/**
 * The limit that the API's reads are compared with: node:http, pg and answers that PostgreSQL builds, with the same token check, pool and
 * row level security as the server, and nothing else. It says on stdout where it answers.
 */
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import pg from "pg";
import { createTokenVerifier } from "../../src/access/token.js";
import { readConfig } from "../../src/config.js";
import { rawAnswers } from "./raw-answers.js";

const config = readConfig(process.env);
const verifyToken = createTokenVerifier(config.jwt);
const pool = new pg.Pool({ connectionString: process.env["DATABASE_URL"], max: config.database.poolSize });
const boundFirms = new WeakMap<object, string>();

async function bind(client: pg.PoolClient, firmId: string): Promise<void> {
  await client.query({ name: "bind", text: "select set_config('app.firm_id', $1, false)", values: [firmId] });
  boundFirms.set(client, firmId);
}

async function answer(path: string, authorization: string, response: ServerResponse): Promise<void> {
  const { firmId } = await verifyToken(authorization.slice("Bearer ".length));
  const [, name = "", id = "0"] = path.split("/");
  const statement = rawAnswers[name];
  if (statement === undefined) throw new Error(`nothing is served at ${path}`);
  const client = await pool.connect();
  try {
    if (boundFirms.get(client) !== firmId) await bind(client, firmId);
    const { rows } = await client.query<{ body: string }>({ name, text: statement, values: [firmId, id] });
    response.writeHead(200, { "content-type": "application/json" }).end(rows[0]?.body);
  } finally {
    client.release();
  }
}

const server = createServer((request, response) => {
  request.resume();
  request.once("end", () => {
    answer(request.url ?? "", request.headers.authorization ?? "", response).catch((error: unknown) => {
      response.writeHead(500).end(String(error));
    });
  });
});
server.listen(0, "127.0.0.1");
await once(server, "listening");
process.stdout.write(`ready at http://127.0.0.1:${(server.address() as AddressInfo).port} (raw)\n`);
