import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { printedSchema } from "../graphql/print-schema.js";
import { buildApiSchema } from "../graphql/schema.js";
import { printedImportSchema } from "../import/import-schema.js";
import { answerPage } from "../providers/answer-page.js";
import { errorCodePage } from "../providers/error-code-page.js";
import { printedOpenApi } from "../rest/openapi.js";
import { prefix, routes } from "../rest/routes.js";

/** What is generated from the code and committed: tests compare it. */
const pages: Record<string, string> = {
  "schema/schema.graphql": printedSchema(await buildApiSchema()),
  "schema/openapi.json": printedOpenApi({ prefix, routes }),
  "schema/import.schema.json": printedImportSchema(),
  "docs/error-codes.md": errorCodePage(),
  "docs/provider-answers.md": answerPage(),
};

for (const [path, text] of Object.entries(pages)) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  process.stdout.write(`${path} is written\n`);
}
