import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { firmLines, refusedLines, summaryLine } from "../../src/commands/import-report.js";
import { CredentialCipher, parseCredentialKeys } from "../../src/connections/credential-cipher.js";
import { openDatabase, openLongSession } from "../../src/database/orm.js";
import { importFiles } from "../../src/import/import-files.js";
import type { TestDatabase } from "../support/database.js";
import { fileKeys } from "../support/secrets.js";
import { ndjson } from "./lines.js";

export const cipher = new CredentialCipher(parseCredentialKeys(fileKeys));

export interface ImportOptions {
  isDryRun?: boolean;
  intervalSeconds?: number;
  cipher?: CredentialCipher;
}

/** Imports files, each given by its lines, as the command does; answers with what it prints, the folder left out. */
export async function importing(
  { appUrl }: TestDatabase,
  files: readonly (readonly unknown[])[],
  options: ImportOptions = {},
): Promise<string[]> {
  const { isDryRun = false, intervalSeconds = 300 } = options;
  const folder = mkdtempSync(join(tmpdir(), "calendar-sync-import-"));
  const names = files.map((_lines, index) => `${String.fromCharCode(97 + index)}.ndjson`);
  for (const [index, name] of names.entries()) writeFileSync(join(folder, name), ndjson(files[index] ?? []));
  const session = await openLongSession(appUrl);
  const lifting = await openDatabase(appUrl, 1);
  const told: string[] = [];
  try {
    const outcome = await importFiles({
      ...{ em: session.em, liftingEm: lifting.em, cipher: options.cipher ?? cipher, isDryRun, intervalSeconds },
      files: names.map((name) => join(folder, name)),
      onProgress: () => undefined,
      onFirm: (firm) => told.push(...firmLines(firm, names)),
      signal: new AbortController().signal,
    });
    if (outcome.kind === "UNREADABLE") told.push(...refusedLines(outcome.refused, names));
    return [...told, summaryLine(outcome, isDryRun)];
  } finally {
    await lifting.close();
    await session.close();
    rmSync(folder, { recursive: true });
  }
}
