/**
 * `npm run build`: makes `dist`, or the folder that it is given, of the sources and their packages, in a few files. Node would spend most
 * of a start on finding, reading and linking some 2,700 modules. What the sources import only when it is needed has files of its own,
 * which are read only then.
 */
import { readFileSync } from "node:fs";
import { build } from "rolldown";

const { scripts } = JSON.parse(readFileSync("package.json", "utf8"));
const started = [...JSON.stringify(scripts).matchAll(/ dist\/(\S+)\.js/g)].map(([, path]) => path);
const startedByOthers = ["src/demo/cluster/member"];

await build({
  input: Object.fromEntries([...started, ...startedByOthers].map((path) => [path, `${path}.ts`])),
  platform: "node",
  tsconfig: "tsconfig.json",
  transform: { target: "node22" },
  // The first two are optional and not installed; GraphiQL and the holidays are large files already, and rarely needed.
  external: ["class-validator", "pg-native", "@graphql-yoga/render-graphiql", "date-holidays"],
  plugins: [requiringInside(), withoutMapsOfPackages()],
  output: {
    dir: process.argv[2] ?? "dist",
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
});

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
