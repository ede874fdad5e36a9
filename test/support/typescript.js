/**
 * Lets Node run this project's TypeScript without a build (`node --import ./test/support/typescript.js file.ts`): for child
 * processes of tests, and for jest's global set-up, which jest runs outside its own module system.
 */
import { existsSync } from "node:fs";
import { registerHooks } from "node:module";
import { fileURLToPath } from "node:url";
import { transformFileSync } from "@swc/core";

const project = new URL("../../", import.meta.url).href;

const isOurs = (url) => url?.startsWith(project) && !url.includes("/node_modules/");

registerHooks({
  resolve(specifier, context, nextResolve) {
    if (/^\.{1,2}\/.*\.js$/.test(specifier) && isOurs(context.parentURL)) {
      const source = new URL(specifier.replace(/\.js$/, ".ts"), context.parentURL);
      if (existsSync(source)) return nextResolve(source.href, context);
    }
    return nextResolve(specifier, context);
  },
  load(url, context, nextLoad) {
    if (!isOurs(url) || !url.endsWith(".ts")) return nextLoad(url, context);
    const { code } = transformFileSync(fileURLToPath(url), { sourceMaps: "inline" });
    return { format: "module", source: code, shortCircuit: true };
  },
});
