/** The server as `npm start` starts it, in a process of its own whose failpoints and clock a test has set by variables. */
import { armFailpoints } from "./armed-failpoints.js";
import { endWithParent } from "./end-with-parent.js";
import { shiftClock } from "./shifted-clock.js";
import { watchAnswers } from "./watched-answers.js";

endWithParent();
shiftClock(process.env["TEST_CLOCK_HOURS"]);
armFailpoints(process.env);
watchAnswers("all");
await import("../../src/main.js");
