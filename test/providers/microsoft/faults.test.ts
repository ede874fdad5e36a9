import { describeFaults } from "../contract-faults.js";
import { calendarId, cursor, graphPage, makeMicrosoft } from "./microsoft-under-test.js";

describeFaults({
  makeProvider: makeMicrosoft,
  calendarId,
  cursor,
  page: (serverUrl) => JSON.stringify(graphPage(serverUrl, [], { delta: cursor })),
  // Bodies cannot be left out of change rounds: the page is asked for again in smaller pieces.
  requestsForTooLarge: 2,
});
