/**
 * `npm run build`: makes `dist`, or the folder that it is given, of the sources and their packages, in a few files. Node would spend most
 * of a start on finding, reading and linking some 2,700 modules. What the sources import only when it is needed has files of its own,
 * which are read only then. Where it has been made of just these already it stays as it is: a running server reads from it.
 */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";

const folder = process.argv[2] ?? "dist";
const madeOf = `${folder}/made-of`;
const sources = stateOfSources();
if (!existsSync(madeOf) || readFileSync(madeOf, "utf8") !== sources) {
  const { build } = await import("rolldown");
  await build(options());
  writeFileSync(madeOf, sources);
}

/** Changes with every source, with this program and with what is installed. */
function stateOfSources() {
  const single = ["package.json", "tsconfig.json", "mikro-orm.config.ts", "node_modules/.package-lock.json"];
  const inFolders = ["src", "migrations"].flatMap((path) =>
    readdirSync(path, { recursive: true }).map((name) => `${path}/${name}`),
  );
  const states = [import.meta.filename, ...single, ...inFolders].map((path) => {
    const { mtimeMs, size } = statSync(path, { throwIfNoEntry: false }) ?? {};
    return `${path} ${mtimeMs} ${size}`;
  });
  return createHash("sha256").update(states.join("\n")).digest("hex");
}

function options() {
  const { scripts } = JSON.parse(readFileSync("package.json", "utf8"));
  const started = [...JSON.stringify(scripts).matchAll(/ dist\/(\S+)\.js/g)].map(([, path]) => path);
  const startedByOthers = ["src/demo/cluster/member"];

  return {
    input: Object.fromEntries([...started, ...startedByOthers].map((path) => [path, `${path}.ts`])),
    platform: "node",
    tsconfig: "tsconfig.json",
    transform: { target: "node22" },
    // The first two are optional and not installed; GraphiQL and the holidays are large files already, and rarely needed.
    external: ["class-validator", "pg-native", "@graphql-yoga/render-graphiql", "date-holidays"],
    plugins: [requiringInside(), withoutMapsOfPackages()],
    output: {
      dir: folder,
      cleanDir: true,
      entryFileNames: "[name].js",
      // For Node these packages remain packages: what they use that is deprecated is told only of our own code.
      chunkFileNames: ({ name }) => (name.startsWith("packages") ? "node_modules/[hash].mjs" : "chunks/[hash].js"),
      // Names that two modules use are changed, but tables, types of the API and errors are known by the names of their classes.
      keepNames: true,
      sourcemap: true,
      sourcemapExcludeSources: true,
      codeSplitting: {
        groups: [{ name: "packages", test: /node_modules/, entriesAware: true, entriesAwareMergeThreshold: 100_000 }],
      },
    },
  };
}

/** What shield.ts requires is put in as well, or there would be a second graphql, whose schemas the first refuses. */
function requiringInside() {
  const requiring = "const require = createRequire(import.meta.url);";
  return {
    name: "requiring-inside",
    transform: {
      filter: { id: /src\/graphql\/shield\.ts$/ },
      handler: (code) => {
        if (!code.includes(requiring)) throw new Error(`shield.ts does not say "${requiring}"`);
        return { code: code.replace(requiring, ""), map: null };
      },
    },
  };
}

/** Node reads every map as it starts, and those of packages are by far the largest. */
function withoutMapsOfPackages() {
  return {
    name: "without-maps-of-packages",
    generateBundle: (_options, bundle) => {
      for (const file of Object.keys(bundle)) if (/^node_modules.*\.map$/.test(file)) delete bundle[file];
    },
  };
}
