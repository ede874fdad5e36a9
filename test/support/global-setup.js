/** Jest's globalSetup: the run's PostgreSQL. JavaScript, because jest loads it before it can map our imports. */
import "./typescript.js";

export default async function globalSetup() {
  const { startTestCluster } = await import("./test-cluster.ts");
  globalThis.stopTestCluster = await startTestCluster();
}
