import module from "node:module";

const oldestNode = 22;

/** The entry. It loads nothing before it knows that this Node can run it. */
if (Number(process.versions.node.split(".")[0]) < oldestNode) {
  process.stderr.write(
    `This server needs Node ${oldestNode} or later; this is ${process.versions.node}. Start it with npm start, which brings its own.\n`,
  );
  process.exitCode = 1;
} else {
  module.enableCompileCache(); // a second start need not compile what the first has
  const { runServer } = await import("./server-process.js");
  await runServer();
}
