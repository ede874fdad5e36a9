/** Who may import whom: main → server, sync, providers, simulator → graphql, rest → features → access, errors, context. */
const features = "^src/(connect|connections|attempts|appointments|pushing|audit|firms)/";

/** @type {import("dependency-cruiser").IConfiguration} */
export default {
  forbidden: [
    {
      name: "no-cycles",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    {
      name: "no-orphans",
      severity: "error",
      from: { orphan: true, path: "^src/", pathNot: "^src/main\\.ts$|\\.d\\.ts$|^src/commands/" },
      to: {},
    },
    {
      name: "simulator-stands-alone",
      comment: "The simulator knows nothing of the rest of the code.",
      severity: "error",
      from: { path: "^src/simulator/" },
      to: { path: "^src/", pathNot: "^src/simulator/" },
    },
    {
      name: "only-entries-use-the-simulator",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/(simulator|demo|commands)/|^src/main\\.ts$" },
      to: { path: "^src/simulator/" },
    },
    {
      name: "only-main-names-providers",
      comment: "The engine works with the port; which providers exist is decided where the parts are put together.",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/providers/|^src/main\\.ts$|^src/application\\.ts$" },
      to: { path: "^src/providers/(google|microsoft)/" },
    },
    {
      name: "providers-know-no-feature",
      severity: "error",
      from: { path: "^src/providers/" },
      to: { path: "^src/", pathNot: "^src/(providers/|errors\\.ts|config\\.ts|log\\.ts)" },
    },
    {
      name: "features-know-no-entry",
      severity: "error",
      from: { path: features },
      to: {
        path: "^src/(server|main|application|config)\\.ts$|^src/(rest|demo|commands|providers/(google|microsoft))/",
      },
    },
    {
      name: "rest-runs-operations",
      comment: "REST is a face of the GraphQL operations: it asks them, and knows nothing of what they are made of.",
      severity: "error",
      from: { path: "^src/rest/" },
      to: {
        path: "^src/",
        pathNot: "^src/(rest|http|access)/|^src/(errors|error-code|date-time)\\.ts$|^src/database/availability\\.ts$",
      },
    },
    {
      name: "only-the-server-uses-rest",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/rest/|^src/server\\.ts$|^src/commands/" },
      to: { path: "^src/rest/" },
    },
    {
      name: "audit-knows-no-feature",
      severity: "error",
      from: { path: "^src/audit/" },
      to: { path: "^src/(connect|connections|attempts|appointments|pushing|firms)/" },
    },
    { name: "source-knows-no-test", severity: "error", from: { path: "^(src|migrations)/" }, to: { path: "^test/" } },
    {
      name: "no-dev-dependency-in-source",
      severity: "error",
      from: { path: "^(src|migrations)/" },
      to: { dependencyTypes: ["npm-dev"], pathNot: "node_modules/@types/" },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "node", "default", "types"] },
  },
};
