import type { Role } from "../../src/access/actor.js";
import { MutationLimit } from "../../src/access/mutation-limit.js";
import { createTokenVerifier, signToken, type TokenConfig } from "../../src/access/token.js";
import { CredentialCipher, parseCredentialKeys } from "../../src/connections/credential-cipher.js";
import type { RunQueue } from "../../src/attempts/run-queue.js";
import { openDatabase } from "../../src/database/orm.js";
import { pendingMigrations } from "../../src/database/pending-migrations.js";
import { NotificationSecrets } from "../../src/notifications/notification-secret.js";
import { startServer, type ServerParts } from "../../src/server.js";
import { createTestDatabase } from "./database.js";
import { Given } from "./given.js";
import { loggedLines } from "./logged-lines.js";
import { fileKeys, secretText } from "./secrets.js";
import { watchAnswers } from "./watched-answers.js";

const tokenConfig: TokenConfig = {
  secrets: [secretText("jwt")],
  jwksUrl: null,
  issuer: null,
  audience: null,
  claims: { user: null, firm: "firm_id", role: "role" },
};

/** A signed token. The default is a manager of firm 1. */
export function tokenOf(
  actor: { role?: Role; firmId?: string; userId?: string; hours?: number } = {},
): Promise<string> {
  const { role = "manager", firmId = "1", userId = "42", hours = 1 } = actor;
  return signToken(tokenConfig, { userId, firmId, role, name: "Mara", hours });
}

/** `Data`: what is asked for, by field. */
export interface GraphqlAnswer<Data = Record<string, never>> {
  status: number;
  text: string;
  data: Data | null | undefined;
  errors: { message: string; path?: (string | number)[]; extensions: Record<string, unknown> }[];
}

/** Reads need no queue; a run that is waited for has settled. */
const idleQueue: RunQueue = {
  send: () => Promise.resolve(),
  waitBehind: () => undefined,
  settled: () => Promise.resolve(),
};

/** No OAuth application is configured. */
export const noProviders: ServerParts["connecting"] = {
  providers: new Map(),
  cipher: new CredentialCipher(parseCredentialKeys(fileKeys)),
  returnOrigins: [],
  intervalSeconds: 300,
  isAccountShared: () => Promise.resolve(false),
  stopChannels: () => Promise.resolve(false),
};

const noNotifications: ServerParts["notifications"] = {
  providers: new Map(),
  secrets: new NotificationSecrets(parseCredentialKeys(fileKeys)),
};

/** The real server on a database of its own, asked over HTTP. */
export async function startTestServer(overrides: Partial<ServerParts> = {}) {
  const database = await createTestDatabase();
  const given = new Given(database.superuserUrl);
  const application = await openDatabase(database.appUrl, 5);
  const { em } = application;
  const { log, lines: logLines } = loggedLines("debug");
  const removeDatabase = async () => {
    await given.close();
    await application.close();
    await database.drop();
  };
  const server = await startServer({
    em,
    runs: idleQueue,
    verifyToken: createTokenVerifier(tokenConfig),
    http: { host: "127.0.0.1", port: 0 },
    graphql: { graphiql: true, introspection: true, graphiqlToken: null },
    settings: { waitSeconds: 0, staleAfterSeconds: 3600 },
    connecting: noProviders,
    notifications: noNotifications,
    mutationLimit: new MutationLimit({ mutations: 1000, windowSeconds: 60 }),
    pendingMigrations: () => pendingMigrations((statement) => em.execute(statement)),
    log,
    ...overrides,
  }).catch(async (error: unknown) => {
    await removeDatabase();
    throw error;
  });
  const endWatch = watchAnswers([server.url]);
  const manager = await tokenOf();
  return {
    url: server.url,
    em,
    /** For sessions of a test's own. */
    database,
    given,
    logLines,
    /** Asks as a manager of firm 1, unless another token is given. */
    ask: <Data = Record<string, never>>(query: string, variables: object = {}, token: string | null = manager) =>
      post<Data>(server.url, { query, variables }, token),
    stop: async () => {
      await server.stop();
      endWatch();
      await removeDatabase();
    },
  };
}

export type TestServer = Awaited<ReturnType<typeof startTestServer>>;

export async function post<Data = Record<string, never>>(
  url: string,
  body: object | string,
  token: string | null,
  more: Record<string, string> = {},
): Promise<GraphqlAnswer<Data>> {
  const response = await fetch(`${url}/graphql`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...more,
    },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  const text = await response.text();
  const { data, errors } = JSON.parse(text) as Partial<GraphqlAnswer<Data>>;
  return { status: response.status, text, data, errors: errors ?? [] };
}
