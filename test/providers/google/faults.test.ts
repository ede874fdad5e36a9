import { describeFaults } from "../contract-faults.js";
import { calendarId, makeGoogle, sinceCursor } from "./google-under-test.js";

describeFaults({
  makeProvider: makeGoogle,
  calendarId,
  cursor: sinceCursor.cursor,
  page: () => JSON.stringify({ items: [], nextSyncToken: sinceCursor.cursor }),
  requestsForTooLarge: 1,
});
