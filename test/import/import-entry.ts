/** `npm run import` in a process of its own, whose failpoints a test has set by a variable. */
import { armFailpoints } from "../support/armed-failpoints.js";

armFailpoints(process.env);
await import("../../src/commands/import.js");
