import { encryptedTables } from "./credential-tables.js";
import { CredentialKeysError, type CredentialCipher } from "./credential-cipher.js";

/** How many rows of a table are encrypted with a version of the key. */
export interface KeyVersionUse {
  table: string;
  named: string;
  isLasting: boolean;
  keyVersion: number;
  rows: number;
}

/** Runs a statement on the system login, which sees the versions of all firms and none of the ciphertexts. */
type SystemQuery = (statement: string) => Promise<readonly object[]>;

/** Over all firms, the lowest version first. */
export async function keyVersionsInUse(query: SystemQuery): Promise<KeyVersionUse[]> {
  const uses: KeyVersionUse[] = [];
  for (const { table, named, isLasting } of encryptedTables) {
    const statement = `select key_version as "keyVersion", count(*)::int as rows from ${table} group by key_version`;
    const rows = (await query(statement)) as { keyVersion: number; rows: number }[];
    uses.push(...rows.map((row) => ({ table, named, isLasting, ...row })));
  }
  return uses.sort((one, other) => one.keyVersion - other.keyVersion);
}

/**
 * Every version that something stored needs must be there, or connections would stop one by one.
 * @throws CredentialKeysError naming the versions that are missing and how many rows need each
 */
export async function requireKeyVersions(query: SystemQuery, cipher: CredentialCipher): Promise<void> {
  const missing = (await keyVersionsInUse(query)).filter(
    ({ isLasting, keyVersion }) => isLasting && !cipher.hasKeyVersion(keyVersion),
  );
  if (missing.length === 0) return;
  throw new CredentialKeysError(
    missing.map(({ keyVersion, rows, named }) => {
      const what = rows === 1 ? `1 ${named} are` : `${rows} ${named}s are`;
      return `CREDENTIALS_KEYS: version ${keyVersion} is missing: the tokens of ${what} encrypted with it`;
    }),
  );
}
