import { microsoftProvider } from "../../../src/providers/microsoft/client.js";
import { describeProviderContract } from "../contract.js";

describeProviderContract({
  name: "Microsoft",
  provider: "microsoft",
  makeProvider: ({ microsoftApiUrl: apiUrl, microsoftLoginUrl: loginUrl }, http) =>
    microsoftProvider({ apiUrl, loginUrl, tenant: "common", clientId: "client-1", clientSecret: "secret", http }),
  calendarIdOf: (control, account, calendar) =>
    calendar === undefined ? "primary" : control.externalCalendarId(account, calendar),
  listPath: "/calendarView/delta\\?",
  uselessScopes: ["offline_access", "User.Read"],
});
