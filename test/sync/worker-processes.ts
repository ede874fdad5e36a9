import type { TestApp } from "../support/app.js";
import { runTypeScript, type TypeScriptProcess } from "../support/typescript-process.js";

/** A worker in a process of its own, which takes jobs of Google connections; the test ends it. */
export async function startWorkerProcess(app: TestApp): Promise<TypeScriptProcess> {
  const worker = runTypeScript(new URL("../support/worker-process.ts", import.meta.url), [], {
    env: {
      ...process.env,
      ...app.installation.environment,
      ROLES: "worker",
      GOOGLE_API_URL: app.simulator.googleApiUrl,
      GOOGLE_TOKEN_URL: app.simulator.googleTokenUrl,
    },
  });
  const line = await worker.nextLine();
  if (line !== "working") throw new Error(`the worker says: ${line}`);
  return worker;
}
