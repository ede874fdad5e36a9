/**
 * What the server might have been: each package as its guide shows it. Entities, loaded in a transaction that is bound to the
 * firm; shield on every field; Apollo with its defaults. It has failedAttempts alone, with the same token check, pool and indexes.
 */
import "reflect-metadata";
import { ApolloServer } from "@apollo/server";
import { expressMiddleware } from "@as-integrations/express5";
import express from "express";
import type { AddressInfo } from "node:net";
import { Arg, buildSchema, Ctx, Field, ID, Int, ObjectType, Query, Resolver } from "type-graphql";
import { createTokenVerifier } from "../../src/access/token.js";
import { SyncAttempt } from "../../src/attempts/sync-attempt.entity.js";
import { readConfig } from "../../src/config.js";
import { ConnectionStatistics } from "../../src/connections/connection-statistics.entity.js";
import { openDatabase, type EntityManager } from "../../src/database/orm.js";
import { encodeCursor, byId } from "../../src/graphql/cursor.js";
import { PageInfo } from "../../src/graphql/page.type.js";
import { applyMiddleware, rule, shield } from "../../src/graphql/shield.js";

interface NaiveContext {
  em: EntityManager;
  firmId: string;
  isManager: boolean;
}

@ObjectType()
class NaiveFailures {
  @Field(() => Int)
  totalCount!: number;

  @Field(() => PageInfo)
  pageInfo!: PageInfo;

  @Field(() => [SyncAttempt])
  nodes!: SyncAttempt[];
}

@Resolver(() => NaiveFailures)
class NaiveResolver {
  @Query(() => NaiveFailures)
  failedAttempts(
    @Arg("first", () => Int) first: number,
    @Arg("after", () => String, { nullable: true }) _after: string | null,
    @Arg("connectionId", () => ID, { nullable: true }) _connectionId: string | null,
    @Ctx() { em, firmId }: NaiveContext,
  ): Promise<NaiveFailures> {
    return em.fork().transactional(async (tx) => {
      await tx.execute("select set_config('app.firm_id', ?, true)", [firmId]);
      const open = { firmId, state: "OPEN" as const, maxRetriesReached: false };
      const rows = await tx.find(SyncAttempt, open, { orderBy: { id: "desc" }, limit: first + 1 });
      const counters = await tx.find(ConnectionStatistics, { firmId });
      const nodes = rows.slice(0, first);
      const cursorOf = (row?: SyncAttempt) => (row ? encodeCursor(row.id, byId("failedAttempts")) : null);
      const pageInfo = {
        ...{ hasNextPage: rows.length > first, hasPreviousPage: false },
        ...{ startCursor: cursorOf(nodes[0]), endCursor: cursorOf(nodes.at(-1)) },
      };
      const totalCount = counters.reduce((sum, one) => sum + one.openRetryable + one.openNonRetryable, 0);
      return Object.assign(new NaiveFailures(), { nodes, pageInfo, totalCount });
    });
  }
}

const config = readConfig(process.env);
const verifyToken = createTokenVerifier(config.jwt);
const { em } = await openDatabase(process.env["DATABASE_URL"] ?? "", config.database.poolSize);
const isManager = rule("isManager", { cache: "no_cache" })(
  (_parent, _args, context: NaiveContext) => context.isManager,
);
const schema = await buildSchema({ resolvers: [NaiveResolver], validate: false });
const guarded = applyMiddleware(schema, shield({ Query: isManager }, { fallbackRule: isManager }));
const apollo = new ApolloServer<NaiveContext>({ schema: guarded, stopOnTerminationSignals: false });
await apollo.start();
const app = express();
const context = async ({ req }: { req: express.Request }): Promise<NaiveContext> => {
  const { firmId, role } = await verifyToken((req.get("authorization") ?? "").slice("Bearer ".length));
  return { em, firmId, isManager: role === "manager" };
};
app.use("/graphql", express.json(), expressMiddleware(apollo, { context }));
const server = app.listen(0, "127.0.0.1", () => {
  process.stdout.write(`ready at http://127.0.0.1:${(server.address() as AddressInfo).port} (naive)\n`);
});
