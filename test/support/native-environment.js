import { ModuleMocker } from "jest-mock";

/** What jest's own modules leave on `globalThis`, which each test file begins without. */
const leftovers = ["EVENT_HANDLERS", "TEST_TIMEOUT_SYMBOL", "RETRY_TIMES_SETTER"].map((name) => Symbol.for(name));

/**
 * Jest's testEnvironment: the process itself. Test files share its globals and what they import of `src` and of packages, as they would
 * in production, so that a worker loads and compiles each of these once.
 */
export default class NativeEnvironment {
  global = globalThis;
  moduleMocker = new ModuleMocker(globalThis);
  fakeTimers = null;
  fakeTimersModern = null;
  #console = globalThis.console;
  #exit = process.exit;

  async setup() {}

  async teardown() {
    globalThis.console = this.#console;
    process.exit = this.#exit;
    for (const symbol of leftovers) delete globalThis[symbol];
  }

  exportConditions() {
    return ["node", "node-addons"];
  }

  /** None: the code runs in the process's own. */
  getVmContext() {
    return null;
  }
}
