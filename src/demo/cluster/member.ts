/** A server of the cluster: the one that `npm start` starts, but it ends with the process that has started it, however that ends. */
process.once("disconnect", () => process.kill(process.pid, "SIGTERM"));
await import("../../main.js");

export {};
