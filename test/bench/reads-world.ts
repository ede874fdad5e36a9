import { randomBytes } from "node:crypto";
import { readConfig } from "../../src/config.js";
import type { Rounds } from "./alternate.js";
import { openReadDatabase, type ReadDatabase } from "./read-database.js";
import { everyFirmsQuestions, managerTokens } from "./read-questions.js";
import {
  startApiServer,
  startComparedServer,
  type BenchServer,
  type ComparedServer,
  type ServerOptions,
} from "./read-servers.js";

/** The database, and servers on it, each started when it is first asked for. */
export class ReadsWorld {
  readonly #servers = new Map<string, BenchServer>();

  private constructor(
    readonly database: ReadDatabase,
    private readonly jwtSecret: string,
    readonly tokens: readonly string[],
    readonly rounds: Rounds,
  ) {}

  static async open(isQuick: boolean, tell: (line: string) => void): Promise<ReadsWorld> {
    const database = await openReadDatabase(isQuick, tell);
    const jwtSecret = randomBytes(32).toString("hex");
    const { appUrl, systemUrl } = database.postgres;
    const { jwt } = readConfig({
      ...{ JWT_SECRET: jwtSecret, DATABASE_URL: appUrl, DATABASE_SYSTEM_URL: systemUrl, ROLES: "api" },
      CREDENTIALS_KEYS: `1:${randomBytes(32).toString("base64")}`,
    });
    const tokens = await managerTokens(jwt, database.size.firms);
    const rounds = isQuick ? { rounds: 3, seconds: 2, tell } : { rounds: 7, seconds: 5, tell };
    return new ReadsWorld(database, jwtSecret, tokens, rounds);
  }

  get questions() {
    return everyFirmsQuestions(this.tokens);
  }

  get manager(): string {
    return this.tokens[0] ?? "";
  }

  /** The server as it is, or changed so that a part of it is missing. */
  api(name = "api", options: ServerOptions = {}): Promise<string> {
    return this.#server(name, () => startApiServer(this.#scope, options));
  }

  /** A server to compare with. */
  compared(name: ComparedServer): Promise<string> {
    return this.#server(name, () => startComparedServer(name, this.#scope));
  }

  async close(): Promise<void> {
    for (const server of this.#servers.values()) await server.stop();
    await this.database.stop();
  }

  get #scope() {
    return { database: this.database, jwtSecret: this.jwtSecret };
  }

  async #server(name: string, start: () => Promise<BenchServer>): Promise<string> {
    const server = this.#servers.get(name) ?? (await start());
    this.#servers.set(name, server);
    return server.origin;
  }
}
