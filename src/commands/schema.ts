import { mkdirSync, writeFileSync } from "node:fs";
import { printedSchema } from "../graphql/print-schema.js";
import { buildApiSchema } from "../graphql/schema.js";

const path = "schema/schema.graphql";

mkdirSync("schema", { recursive: true });
writeFileSync(path, printedSchema(await buildApiSchema()));
process.stdout.write(`${path} is written\n`);
