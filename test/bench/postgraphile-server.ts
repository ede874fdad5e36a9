/**
 * PostGraphile 5 on the same tables: its preset for new projects, the same login, pool, row level security (the firm is a setting of each
 * transaction, as its guide has it) and token check. It says on stdout where it answers. POSTGRAPHILE_FOLDER is where it is installed.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { createTokenVerifier } from "../../src/access/token.js";
import { readConfig } from "../../src/config.js";

/** What is used of its packages, whose own types are not at hand. */
interface Packages {
  postgraphile: {
    postgraphile(preset: object): { createServ(adapter: unknown): { addTo(server: Server): Promise<void> } };
  };
  "postgraphile/presets/amber": { PostGraphileAmberPreset: object };
  "postgraphile/adaptors/pg": { makePgService(options: object): object };
  "postgraphile/grafserv/node": { grafserv: unknown };
}

const require = createRequire(join(process.env["POSTGRAPHILE_FOLDER"] ?? "", "package.json"));
const load = <Name extends keyof Packages>(name: Name) => require(name) as Packages[Name];

const config = readConfig(process.env);
const verifyToken = createTokenVerifier(config.jwt);

async function context({ node }: { node?: { req: IncomingMessage } }): Promise<object> {
  const { firmId } = await verifyToken((node?.req.headers.authorization ?? "").slice("Bearer ".length));
  return { pgSettings: { "app.firm_id": firmId } };
}

const service = load("postgraphile/adaptors/pg").makePgService({
  connectionString: process.env["DATABASE_URL"],
  poolConfig: { max: config.database.poolSize },
  schemas: ["public"],
});
const preset = {
  extends: [load("postgraphile/presets/amber").PostGraphileAmberPreset],
  // Conditions on any column, not only on those that an index begins with.
  disablePlugins: ["PgIndexBehaviorsPlugin"],
  pgServices: [service],
  grafast: { context },
  grafserv: { graphiql: false, watch: false },
};
const server = createServer();
await load("postgraphile").postgraphile(preset).createServ(load("postgraphile/grafserv/node").grafserv).addTo(server);
server.listen(0, "127.0.0.1");
await once(server, "listening");
process.stdout.write(`ready at http://127.0.0.1:${(server.address() as AddressInfo).port} (PostGraphile)\n`);
