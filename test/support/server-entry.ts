/** The server as `npm start` starts it, in a process of its own whose failpoints and clock a test has set by variables. */
import { armFailpoints } from "./armed-failpoints.js";
import { shiftClock } from "./shifted-clock.js";
import { watchAnswers } from "./watched-answers.js";

/** A test that was killed leaves nothing behind. */
function endWithParent(): void {
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) process.kill(process.pid, "SIGKILL");
  }, 1_000).unref();
}

endWithParent();
shiftClock(process.env["TEST_CLOCK_HOURS"]);
armFailpoints(process.env);
watchAnswers("all");
await import("../../src/main.js");
