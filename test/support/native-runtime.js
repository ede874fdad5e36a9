import { createRequire, registerHooks } from "node:module";
import { pathToFileURL } from "node:url";
import { sourceMaps } from "./typescript.js";

const require = createRequire(import.meta.url);
const tests = new URL("../", import.meta.url).href;
/** Both the address of the module `@jest/globals` and the symbol under which it finds what it exports. */
const jestGlobals = "test:jest-globals";
const names = ["afterAll", "afterEach", "beforeAll", "beforeEach", "describe", "expect", "it", "jest", "test"];

const runOf = (url) => URL.parse(url ?? "")?.searchParams.get("run") ?? null;

// `?run=N`: each test file has the modules of the tests' folder for itself, since these tell jest what to do before and after its tests.
registerHooks({
  resolve(specifier, context, nextResolve) {
    const run = runOf(context.parentURL);
    if (run === null) return nextResolve(specifier, context);
    if (specifier === "@jest/globals") return { url: `${jestGlobals}?run=${run}`, shortCircuit: true };
    const resolved = nextResolve(specifier, context);
    return resolved.url.startsWith(tests) ? { ...resolved, url: `${resolved.url}?run=${run}` } : resolved;
  },
  load(url, context, nextLoad) {
    if (!url.startsWith(jestGlobals)) return nextLoad(url, context);
    const source = `export const { ${names.join(", ")} } = globalThis[Symbol.for(${JSON.stringify(jestGlobals)})];`;
    return { format: "module", source, shortCircuit: true };
  },
});

let files = 0;

/**
 * Jest's runtime: test files are modules of Node, compiled as every process of the tests compiles them (typescript.js). Jest's usual one
 * gives each file a world of its own, and loads the whole server anew into it: half of the processors' time.
 */
export default class NativeRuntime {
  #mocker;
  #globals = {};

  constructor(config, environment) {
    this.#mocker = environment.moduleMocker;
  }

  setGlobalsForRuntime(globals) {
    this.#globals = globals;
  }

  unstable_shouldLoadAsEsm() {
    return true;
  }

  async unstable_importModule(path) {
    files += 1;
    globalThis[Symbol.for(jestGlobals)] = { ...this.#globals, jest: this.#jest() };
    await import(`${pathToFileURL(path).href}?run=${files}`);
  }

  #jest() {
    const mocker = this.#mocker;
    return {
      fn: mocker.fn.bind(mocker),
      spyOn: mocker.spyOn.bind(mocker),
      replaceProperty: mocker.replaceProperty.bind(mocker),
      restoreAllMocks: mocker.restoreAllMocks.bind(mocker),
      setTimeout: (milliseconds) => (globalThis[Symbol.for("TEST_TIMEOUT_SYMBOL")] = milliseconds),
    };
  }

  /** Jest's framework keeps the tests of a file in variables of its modules: each file has them anew. */
  requireInternalModule(path) {
    delete require.cache[path];
    return require(path);
  }

  requireModule(path) {
    return require(path);
  }

  getSourceMaps() {
    return sourceMaps;
  }

  getAllCoverageInfoCopy() {
    return undefined;
  }

  enterTestCode() {}

  leaveTestCode() {}

  teardown() {
    this.#mocker.restoreAllMocks();
  }
}
