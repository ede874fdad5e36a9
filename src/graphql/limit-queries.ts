import type { ApolloServerPlugin } from "@apollo/server";
import { GraphQLError } from "graphql";
import type { RequestContext } from "./apollo.js";
import { querySize, type QuerySize } from "./query-size.js";

/** The most that one operation may ask for. A document's tokens are limited before, as it is parsed. */
const mostOfOneQuery: Readonly<QuerySize> = { depth: 10, cost: 10_000, aliases: 15, rootFields: 10 };

const named: Readonly<Record<keyof QuerySize, string>> = {
  depth: "levels deep",
  cost: "rows along one path (the product of its firsts)",
  aliases: "aliases",
  rootFields: "root fields",
};

/** @throws GraphQLError QUERY_TOO_COMPLEX, which names the limit that is passed */
function assertWithinLimits(size: QuerySize): void {
  for (const [limit, most] of Object.entries(mostOfOneQuery) as [keyof QuerySize, number][]) {
    if (size[limit] <= most) continue;
    const message = `The operation has ${size[limit]} ${named[limit]}; at most ${most} are served.`;
    throw new GraphQLError(message, { extensions: { code: "QUERY_TOO_COMPLEX", http: { status: 400 } } });
  }
}

/**
 * Refuses what asks for too much with 400, before anything of it is executed or counted: it stands before what counts, and throws rather
 * than rejects, so that Apollo does not even begin with that.
 */
export const limitQueries: ApolloServerPlugin<RequestContext> = {
  requestDidStart: () =>
    Promise.resolve({
      didResolveOperation({ schema, document, operation, request }) {
        if (operation) assertWithinLimits(querySize(schema, document, operation, request.variables ?? {}));
        return Promise.resolve();
      },
    }),
};
