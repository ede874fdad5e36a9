import { randomBytes } from "node:crypto";
import { pino } from "pino";
import { CredentialCipher, parseCredentialKeys } from "../../src/connections/credential-cipher.js";
import { storeCredentials } from "../../src/connections/credentials.js";
import { openDatabase, openSystemDatabase } from "../../src/database/orm.js";
import { unitOfWork } from "../../src/database/unit-of-work.js";
import { googleProvider } from "../../src/providers/google/client.js";
import { ProviderHttp } from "../../src/providers/http.js";
import { startSimulator } from "../../src/simulator/simulator.js";
import { SyncEngine } from "../../src/sync/sync-engine.js";
import { createTestDatabase } from "./database.js";
import { sql } from "kysely";

export async function startTestEngine() {
  const database = await createTestDatabase();
  const simulator = await startSimulator({});
  const app = await openDatabase(database.appUrl, 10);
  const system = await openSystemDatabase(database.systemUrl, 3);
  const http = new ProviderHttp();
  const cipher = new CredentialCipher(parseCredentialKeys(`1:${randomBytes(32).toString("base64")}`));
  const google = googleProvider({ apiUrl: simulator.googleApiUrl, tokenUrl: simulator.googleTokenUrl, clientId: "c", clientSecret: "s", http });
  const log = pino({ level: process.env["TEST_LOG"] ?? "silent" });
  const engine = await SyncEngine.start({
    database: app, systemDatabase: system, appUrl: database.appUrl, systemUrl: database.systemUrl, cipher,
    providers: new Map([["GOOGLE", google]]),
    policy: { maxRetries: 5, baseDelaySeconds: 2, rateLimitedDelaySeconds: 60, maxDelaySeconds: 300, jitterFactor: 0.1 },
    window: { pastDays: 30, futureDays: 365 }, intervalSeconds: 300, workerConcurrency: 4, isWorker: true, isScheduler: true, log,
  });
  return { database, simulator, app, engine, connect: async (firmId: string, email: string) => {
    simulator.control.addAccount(email);
    return unitOfWork(app.em, firmId, async (unit) => {
      await sql`insert into firm (id, name) values (${firmId}, 'Firm') on conflict do nothing`.execute(unit.em.getKysely());
      const { rows } = await sql<{ id: string }>`insert into calendar_connection (firm_id, provider, owner_id, account_email, calendar_id, next_pull_at) values (${firmId}, 'GOOGLE', 'u1', ${email}, 'primary', now()) returning id`.execute(unit.em.getKysely());
      const id = String(rows[0]?.id);
      await storeCredentials(unit, cipher, id, simulator.control.refreshTokenOf(email), []);
      return id;
    });
  }, stop: async () => { await engine.stop(); await app.close(); await system.close(); await http.close(); await simulator.close(); await database.drop(); } };
}
