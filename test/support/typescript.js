/**
 * Lets Node run this project's TypeScript without a build (`node --import ./test/support/typescript.js file.ts`): for child
 * processes of tests, and for jest's global set-up, which jest runs outside its own module system.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createRequire, enableCompileCache, registerHooks } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const project = new URL("../../", import.meta.url).href;

// A process that this one starts in another folder finds this file, too.
process.execArgv = process.execArgv.map((argument) =>
  argument === "./test/support/typescript.js" ? import.meta.url : argument,
);

// Many processes of the tests compile the same packages and the same files of ours.
enableCompileCache(fileURLToPath(new URL("node_modules/.cache/node", project)));
const compiled = fileURLToPath(new URL("node_modules/.cache/typescript", project));

const isOurs = (url) => url?.startsWith(project) && !url.includes("/node_modules/");

/**
 * Faults that a test plants in this process: `{ file, find, replace }`, which must stand exactly once in its file, or
 * `{ pattern, replace }`, a regular expression that is looked for in every file.
 */
const planted = JSON.parse(process.env.TEST_PLANTED_FAULTS ?? "[]");

function sourceOf(path) {
  let source = readFileSync(path, "utf8");
  for (const { file, find, pattern, replace } of planted) {
    if (pattern !== undefined) source = source.replaceAll(new RegExp(pattern, "g"), replace);
    if (file === undefined || !path.endsWith(`/${file}`)) continue;
    if (source.split(find).length !== 2) throw new Error(`"${find}" does not stand exactly once in ${file}`);
    source = source.replace(find, () => replace);
  }
  return source;
}

const require = createRequire(import.meta.url);
/** Loaded only by a process that finds something not compiled yet: it takes some 100 MB. */
let transformSync = (...passed) => {
  ({ transformSync } = require("@swc/core"));
  return transformSync(...passed);
};

const swc = JSON.parse(readFileSync(new URL("node_modules/@swc/core/package.json", project), "utf8")).version;
const settings = swc + readFileSync(new URL(".swcrc", project), "utf8");

/** By the URL of each module that was loaded, the file that maps its lines to those of its source. */
export const sourceMaps = new Map();

/** What a module is in JavaScript, from the cache where another process has left it. */
function javascriptOf(url) {
  const filename = fileURLToPath(url);
  const source = sourceOf(filename);
  const file = join(compiled, createHash("sha1").update(settings).update(filename).update(source).digest("hex"));
  sourceMaps.set(url, `${file}.map`);
  if (existsSync(file)) return readFileSync(file, "utf8");
  const { code, map } = transformSync(source, { filename });
  try {
    mkdirSync(compiled, { recursive: true });
    leave(`${file}.map`, map);
    leave(file, code);
  } catch {
    // A user who may not write there goes without.
  }
  return code;
}

/** Whole or not at all: other processes write the same file. */
function leave(file, content) {
  writeFileSync(`${file}.${process.pid}`, content);
  renameSync(`${file}.${process.pid}`, file);
}

registerHooks({
  resolve(specifier, context, nextResolve) {
    if (/^\.{1,2}\/.*\.js$/.test(specifier) && isOurs(context.parentURL)) {
      const source = new URL(specifier.replace(/\.js$/, ".ts"), context.parentURL);
      if (existsSync(source)) return nextResolve(source.href, context);
    }
    return nextResolve(specifier, context);
  },
  load(url, context, nextLoad) {
    if (!isOurs(url) || !new URL(url).pathname.endsWith(".ts")) return nextLoad(url, context);
    return { format: "module", source: javascriptOf(url), shortCircuit: true };
  },
});
