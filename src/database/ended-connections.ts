import type { Pool, PoolClient } from "pg";

/**
 * Takes a connection that has ended out of its pool, whoever holds it. Kysely gives a transaction's connection back only after a
 * commit or rollback that succeeded: without this each transaction that the server cuts off (a restart, a time limit) costs the
 * pool a place for ever, and closing the pool waits for it for ever.
 */
export function dropEndedConnections(pool: Pool): void {
  const taken = new WeakSet<PoolClient>();
  pool.on("acquire", (client) => taken.add(client));
  pool.on("release", (_error, client) => taken.delete(client));
  pool.on("connect", (client) => {
    client.once("end", () => {
      if (taken.has(client)) giveBack(client);
    });
  });
}

function giveBack(client: PoolClient): void {
  client.release(true);
  client.release = () => undefined; // its holder may yet give it back too, which pg refuses the second time
}
