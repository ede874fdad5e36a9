import { loadConfig, type Config } from "../config.js";
import { CredentialCipher } from "../connections/credential-cipher.js";
import { firmsToRotate, rotateFirm, type RotatedFirm } from "../connections/credential-rotation.js";
import { keyVersionsInUse, requireKeyVersions, type KeyVersionUse } from "../connections/credential-versions.js";
import { checkDatabase } from "../database/check-database.js";
import { openDatabase, openSystemDatabase, type Database } from "../database/orm.js";
import { failpoint } from "../failpoints.js";
import { requireMigrated, withDatabase, type CommandDatabase } from "./command-database.js";
import { showUnderWay } from "./line-under-way.js";
import { printLine, requireNoArguments, runCommand } from "./run-command.js";

/**
 * `npm run rotate-keys`: encrypts every stored token with the highest version of CREDENTIALS_KEYS, a transaction a firm, while servers work;
 * then tells which versions are in use. Exits 1 as long as an older one is. May be broken off and repeated at any time.
 */
await runCommand("rotate-keys", async (args) => {
  requireNoArguments(args, "Usage: npm run rotate-keys");
  const config = loadConfig();
  return withDatabase(config, (database) => rotateKeys(database, config));
});

async function rotateKeys(database: CommandDatabase, { credentialKeys }: Config): Promise<number> {
  await requireMigrated(database);
  await checkDatabase(database.appUrl, { log: database.log });
  const cipher = new CredentialCipher(credentialKeys);
  const app = await openDatabase(database.appUrl, 1);
  const system = await openSystemDatabase(database.systemUrl, 1);
  try {
    await requireKeyVersions((statement) => system.em.execute(statement), cipher);
    await rotateFirms(app, system, cipher);
    const uses = await keyVersionsInUse((statement) => system.em.execute(statement));
    return tellVersions(uses, cipher, [...credentialKeys.keys()]);
  } finally {
    await system.close();
    await app.close();
  }
}

async function rotateFirms(app: Database, system: Database, cipher: CredentialCipher): Promise<void> {
  const firms = await firmsToRotate(system.em, cipher);
  let rows = 0;
  for (const [index, firmId] of firms.entries()) {
    showUnderWay(`… firm ${firmId} (${index + 1} of ${firms.length})`);
    const done = await rotateFirm(app.em, cipher, firmId);
    await failpoint("rotate.committed");
    showUnderWay("");
    rows += done.rotated;
    tellFirm(firmId, done, cipher);
  }
  printLine(`rotate-keys: ${counted(rows, "row")} encrypted with version ${cipher.currentKeyVersion}`);
}

function tellFirm(firmId: string, { rotated, unreadable }: RotatedFirm, { currentKeyVersion }: CredentialCipher): void {
  if (rotated > 0) printLine(`firm ${firmId}: ${counted(rotated, "row")} encrypted with version ${currentKeyVersion}`);
  for (const { named, id, keyVersion } of unreadable) {
    printLine(`✗ firm ${firmId} ${named} ${id}: cannot be read with version ${keyVersion}; left as it is`);
  }
}

/** Returns the exit code: 1 where an older version is in use still. */
function tellVersions(uses: readonly KeyVersionUse[], cipher: CredentialCipher, known: readonly number[]): number {
  for (const { keyVersion, table, rows } of uses) {
    printLine(`version ${keyVersion} is in use: ${counted(rows, "row")} of ${table}`);
  }
  const older = known.filter((version) => version !== cipher.currentKeyVersion).sort((one, other) => one - other);
  const removable = older.filter((version) => uses.every(({ keyVersion }) => keyVersion !== version));
  for (const version of removable) {
    printLine(`version ${version} is in use no more: it can be removed from CREDENTIALS_KEYS (backups may need it)`);
  }
  return uses.every(({ keyVersion }) => keyVersion === cipher.currentKeyVersion) ? 0 : 1;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
