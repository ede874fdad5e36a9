import { microsoftProvider } from "../../../src/providers/microsoft/client.js";
import type { ContractSubject } from "../contract-world.js";

export const microsoftContract: ContractSubject = {
  name: "Microsoft",
  provider: "microsoft",
  makeProvider: ({ microsoftApiUrl: apiUrl, microsoftLoginUrl: loginUrl }, http) =>
    microsoftProvider({ apiUrl, loginUrl, tenant: "common", clientId: "client-1", clientSecret: "secret", http }),
  calendarIdOf: (control, account, calendar) =>
    calendar === undefined ? "primary" : control.externalCalendarId(account, calendar),
  listPath: "/calendarView/delta\\?",
  uselessScopes: ["offline_access", "User.Read"],
  readScopes: ["offline_access", "User.Read", "Calendars.Read"],
  readOnlyCode: "WRITE_FORBIDDEN",
};
