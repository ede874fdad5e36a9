/** Jest's globalTeardown: ends what globalSetup started. */
export default async function globalTeardown() {
  await globalThis.stopTestCluster?.();
}
