import { randomBytes } from "node:crypto";
import type { ApolloServer } from "@apollo/server";
import { expressMiddleware } from "@as-integrations/express5";
import express, { type Express, type Request, type RequestHandler, type Response } from "express";
import helmet from "helmet";
import type { Logger } from "pino";
import type { MutationLimit } from "./access/mutation-limit.js";
import type { VerifyToken } from "./access/token.js";
import type { RunQueue } from "./attempts/run-queue.js";
import type { Connecting, ConnectParts } from "./connect/connecting.js";
import { consentRoutes, refuseWhileStopping as refuseBrowserWhileStopping } from "./connect/consent-routes.js";
import type { RequestSettings } from "./context.js";
import { inFirm } from "./database/firm-scope.js";
import type { EntityManager } from "./database/orm.js";
import { createApollo, type RequestContext } from "./graphql/apollo.js";
import { withPermissions } from "./graphql/checked-permissions.js";
import type { graphiqlPages } from "./graphql/graphiql.js";
import { createLoaders } from "./graphql/loaders.js";
import { buildApiSchema } from "./graphql/schema.js";
import { answerError, handleError } from "./http/answer-error.js";
import { askedOperations, noOperation } from "./http/asked-operation.js";
import { authenticate } from "./http/authenticate.js";
import { baseUrlOf } from "./http/base-url.js";
import { clientTimeouts, createClientServer, type ClientTimeouts } from "./http/client-server.js";
import { crossOrigin } from "./http/cross-origin.js";
import { Drain } from "./http/drain.js";
import { isFromLoopback } from "./http/loopback.js";
import { listen } from "./http/listen.js";
import { tellMetrics, tellReadiness } from "./http/operations-routes.js";
import type { Scrape } from "./http/operations-server.js";
import { processIsUp } from "./http/probes.js";
import { originForm } from "./http/request-target.js";
import { traceOf, traceRequests } from "./http/request-trace.js";
import { countRequests } from "./metrics/count-requests.js";
import type { Metrics } from "./metrics/metrics.js";
import { noteRootFields } from "./metrics/root-fields.js";
import { MessageOrder } from "./notifications/message-order.js";
import { notificationRoutes, type NotificationRouteParts } from "./notifications/notification-routes.js";
import { findResource, resourcesOf, routeOf } from "./rest/resources.js";
import { prefix, routes } from "./rest/routes.js";
import { isBelowPrefix, refuseWhileStopping, restRoutes, type RestParts } from "./rest/router.js";
import { inOperationSpan, spanOperation, spanRequests } from "./tracing/request-spans.js";

export interface ServerParts {
  /** The application's login. */
  em: EntityManager;
  runs: RunQueue;
  verifyToken: VerifyToken;
  http: { host: string; port: number };
  /** Default: clientTimeouts. */
  timeouts?: ClientTimeouts;
  /** Absent: as with nothing configured. */
  web?: WebSettings;
  graphql: {
    graphiql: boolean;
    introspection: boolean;
    /** Put into GraphiQL for everybody who opens it: for demonstration only. */
    graphiqlToken: string | null;
  };
  settings: RequestSettings;
  connecting: ConnectParts;
  notifications: Pick<NotificationRouteParts, "providers" | "secrets">;
  mutationLimit: MutationLimit;
  /** What the database lacks of this build's migrations; it fails when the database cannot be asked. */
  pendingMigrations: () => Promise<readonly string[]>;
  /** Absent: nothing is counted. */
  metrics?: Metrics;
  /** GET /metrics, for this machine alone. Absent: not served here. */
  scrape?: Scrape;
  log: Logger;
}

/** How clients reach the server. */
export interface WebSettings {
  /** The server's address as clients know it, without a slash at its end; null for what can be told from the request. */
  publicUrl: string | null;
  /** Which peers may say with X-Forwarded headers how a client reached them: Express' "trust proxy". */
  trustProxy: boolean | number | string[];
  /** Origins whose pages may ask from a browser. */
  corsOrigins: readonly string[];
  /** Whether, without a public address, browsers of this machine are taken to reach the server where they ask. Default false. */
  isOwnAddressPublic?: boolean;
}

export interface Server {
  /** Where it answers. */
  url: string;
  /** Answers what is in flight, refuses what comes, and closes: at most 8 seconds. */
  stop(): Promise<void>;
}

const plainWeb: WebSettings = { publicUrl: null, trustProxy: false, corsOrigins: [] };
const bodyLimit = "100kb";
/** A token that is far too long still gets the answer of a bad one. */
const maxHeaderSize = 160 * 1024;

/**
 * Serves GraphQL, the REST routes that run the same operations, GraphiQL where it is on, and the probes.
 * @throws ListenError
 */
export async function startServer(parts: ServerParts): Promise<Server> {
  const { introspection } = parts.graphql;
  const apollo = createApollo(withPermissions(await buildApiSchema()), { ...parts, introspection });
  apollo.addPlugin(noteRootFields);
  await apollo.start();
  const drain = new Drain();
  const graphql = expressMiddleware(apollo, { context: ({ res }) => Promise.resolve(contextOf(parts, res)) });
  const rest = restRoutes(restParts(parts, apollo));
  const app = createApp(parts, drain, { graphql, rest });
  const { timeouts = clientTimeouts } = parts;
  const server = createClientServer({ timeouts, maxHeaderSize }, (request, response) => {
    request.url = originForm(request.url);
    app(request, response);
  });
  const url = await listen(server, parts.http);
  return {
    url,
    stop: async () => {
      await drain.stop(server);
      await apollo.stop();
    },
  };
}

function createApp(
  parts: ServerParts,
  drain: Drain,
  { graphql, rest }: { graphql: RequestHandler; rest: RequestHandler },
): Express {
  const { trustProxy, corsOrigins } = parts.web ?? plainWeb;
  const app = express();
  app.disable("x-powered-by").set("trust proxy", trustProxy);
  const operationOf = askedOperations(restRouteName());
  app.use(traceRequests(parts.log), spanRequests(operationOf));
  if (parts.metrics) app.use(countRequests(parts.metrics, operationOf));
  app.use(helmet({ contentSecurityPolicy: { directives: { defaultSrc: ["'none'"] } } }));
  app.use(crossOrigin(corsOrigins, isGraphql), onlyBelowPrefix(drain.admit(refuseWhileStopping), rest));
  app.get("/healthz", (_request, response) => void response.json(processIsUp.body));
  app.get("/readyz", tellReadiness({ ...parts, isStopping: () => drain.isStopping }));
  if (parts.scrape) app.get("/metrics", tellMetrics(parts.scrape));
  if (parts.graphql.graphiql) app.get("/graphql", showGraphiql(parts.graphql.graphiqlToken));
  app.use("/oauth", drain.admit(refuseBrowserWhileStopping), consentRoutes(consentParts(parts)));
  app.use("/notifications", drain.admit(), notificationRoutes(notificationParts(parts)));
  const readBody = express.json({ limit: bodyLimit });
  app.post("/graphql", drain.admit(), authenticate(parts.verifyToken), readBody, withinFirm(spanOperation(graphql)));
  app.all("/graphql", (_request, response) => {
    response.setHeader("Allow", "POST");
    answerError(response, { status: 405, code: "BAD_USER_INPUT", message: "Use POST." });
  });
  app.use((_request, response) => {
    answerError(response, { status: 404, code: "NOT_FOUND", message: "Not found." });
  });
  app.use(handleError(parts.log));
  return app;
}

function isGraphql({ path }: Request): boolean {
  return path.toLowerCase().replace(/\/$/, "") === "/graphql";
}

/** The prefix is compared as it is: Express would take it in any case. */
function onlyBelowPrefix(...handlers: RequestHandler[]): RequestHandler[] {
  return handlers.map((handler) => (request, response, next) => {
    if (!isBelowPrefix(request)) {
      next();
      return;
    }
    return handler(request, response, next);
  });
}

/** REST runs its operations on the same server, as the same actor, in the same firm. */
function restParts(parts: ServerParts, apollo: ApolloServer<RequestContext>): RestParts {
  const { publicUrl } = parts.web ?? plainWeb;
  return {
    verifyToken: parts.verifyToken,
    mutationLimit: parts.mutationLimit,
    runOperation: (response, query, variables) =>
      inFirm(actorOf(response).firmId, async () => {
        const contextValue = { ...contextOf(parts, response), isMutationCounted: true };
        const { body } = await inOperationSpan(response, () =>
          apollo.executeOperation({ query, variables: { ...variables } }, { contextValue }),
        );
        if (body.kind === "incremental") throw new Error("REST asks nothing that is answered in parts");
        return { data: body.singleResult.data ?? null, errors: body.singleResult.errors ?? [] };
      }),
    baseUrlOf: (request) => baseUrlOf(request, publicUrl),
    log: parts.log,
  };
}

/** Below /oauth nobody is signed in: the consent that a request is about says for which firm it is. */
function consentParts(parts: ServerParts): Parameters<typeof consentRoutes>[0] {
  const { em, runs, connecting, log } = parts;
  return {
    contextOf: (response) => ({
      ...{ em, runs, connecting },
      log: log.child({ requestId: traceOf(response).requestId }),
    }),
    baseUrlOf: (request) => baseUrlOf(request, browserUrlOf(parts, request)),
  };
}

/** Below /notifications nobody is signed in either. */
function notificationParts(parts: ServerParts): NotificationRouteParts {
  const { em, runs, connecting, notifications, metrics, log } = parts;
  const { intervalSeconds } = connecting;
  return {
    em,
    runs,
    intervalSeconds,
    log,
    ...notifications,
    ...(metrics ? { metrics } : {}),
    order: new MessageOrder(),
  };
}

/** Where the browser that asks reaches the server, and so is to be sent back to; null where that is not known for certain. */
function browserUrlOf({ web = plainWeb }: ServerParts, request: Request): string | null {
  if (web.publicUrl !== null) return web.publicUrl;
  const isKnown = web.isOwnAddressPublic === true && isFromLoopback(request);
  return isKnown ? `http://${String(request.headers.host)}` : null;
}

function connectingOf(parts: ServerParts, response: Response): Connecting {
  return {
    ...parts.connecting,
    baseUrl: browserUrlOf(parts, response.req),
    setCookie: (cookie) => response.append("Set-Cookie", cookie),
  };
}

/** As the table writes it, never with what stands for its placeholders. */
function restRouteName(): (request: Request) => string | null {
  const resources = resourcesOf(routes);
  return (request) => {
    if (!isBelowPrefix(request)) return null;
    const found = findResource(resources, request.path.slice(prefix.length));
    const route = found && routeOf(found.resource, request.method);
    return route ? `${route.method} ${route.path}` : noOperation;
  };
}

/** GraphiQL is 9 MB: most servers and all workers never load it. */
function showGraphiql(token: string | null): RequestHandler {
  let pages: Promise<ReturnType<typeof graphiqlPages>> | undefined;
  return async (request, response, next) => {
    if (request.accepts(["json", "html"]) !== "html") {
      next();
      return;
    }
    pages ??= import("./graphql/graphiql.js").then((graphiql) => graphiql.graphiqlPages(token));
    const page = await pages;
    const { policy, html } = page(randomBytes(16).toString("base64"));
    response.setHeader("Content-Security-Policy", policy);
    response.setHeader("Cache-Control", "no-store");
    response.type("html").send(html);
  };
}

/** Everything that the request reads and writes is bound to its actor's firm. */
function withinFirm(handler: RequestHandler): RequestHandler {
  return (request, response, next) => {
    // The body parser leaves a body alone that is not JSON; GraphQL then says what is missing.
    request.body ??= undefined;
    return inFirm(actorOf(response).firmId, () => handler(request, response, next));
  };
}

function actorOf(response: Response) {
  const { actor } = traceOf(response);
  if (!actor) throw new Error("Nobody is signed in: authenticate comes first");
  return actor;
}

function contextOf(parts: ServerParts, response: Response): RequestContext {
  const { em, runs, settings, log } = parts;
  const trace = traceOf(response);
  const actor = actorOf(response);
  const requestId = trace.requestId;
  const loaders = createLoaders({ em, firmId: actor.firmId, userId: actor.userId }, settings);
  const requestLog = log.child({ requestId, firmId: actor.firmId });
  const connecting = connectingOf(parts, response);
  return {
    actor,
    em,
    runs,
    settings,
    connecting,
    loaders,
    requestId,
    trace,
    log: requestLog,
    isMutationCounted: false,
  };
}
