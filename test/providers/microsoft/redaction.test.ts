import { describeRedaction } from "../contract-redaction.js";
import { startMicrosoftUnderTest } from "./microsoft-under-test.js";

describeRedaction(
  startMicrosoftUnderTest,
  "me/calendarView/delta?$deltatoken=canary",
  "me/calendarView/delta?$skiptoken=canary",
);
