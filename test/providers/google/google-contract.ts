import { googleProvider } from "../../../src/providers/google/client.js";
import type { ContractSubject } from "../contract-world.js";

export const googleContract: ContractSubject = {
  name: "Google",
  provider: "google",
  calendarIdOf: (_control, account, calendar = account) => calendar,
  makeProvider: ({ googleApiUrl: apiUrl, googleTokenUrl: tokenUrl }, http) =>
    googleProvider({ apiUrl, tokenUrl, clientId: "client-1", clientSecret: "secret", http }),
  listPath: "/events\\?",
  uselessScopes: ["https://www.googleapis.com/auth/drive.readonly"],
  readScopes: ["https://www.googleapis.com/auth/calendar.events.readonly"],
  readOnlyCode: "WRITE_CONSENT_MISSING",
};
