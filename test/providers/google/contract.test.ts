import { googleProvider } from "../../../src/providers/google/client.js";
import { describeProviderContract } from "../contract.js";

describeProviderContract({
  name: "Google",
  provider: "google",
  calendarIdOf: (_control, account, calendar = account) => calendar,
  makeProvider: ({ googleApiUrl: apiUrl, googleTokenUrl: tokenUrl }, http) =>
    googleProvider({ apiUrl, tokenUrl, clientId: "client-1", clientSecret: "secret", http }),
  listPath: "/events\\?",
  uselessScopes: ["https://www.googleapis.com/auth/drive.readonly"],
});
