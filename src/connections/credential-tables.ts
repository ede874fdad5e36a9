/**
 * A table with encrypted columns. It has `firm_id`, `connection_id`, and `key_version` with which all of a row's encrypted columns are
 * encrypted.
 */
export interface EncryptedTable {
  table: string;
  /** With the firm the row's key, and where its ciphertexts are bound to: the `connectionId` of their place. */
  idColumn: string;
  /** What a row is called where one is named. */
  named: string;
  /** Encrypted columns, each with the name that its ciphertexts are bound to. */
  columns: Readonly<Record<string, string>>;
  /** Whether a row that cannot be read is a loss: without its key no process starts. Others expire by themselves. */
  isLasting: boolean;
}

/** Every table that holds something encrypted: what start checks, `rotate-keys` rotates and erasing removes. A test compares it with the schema. */
export const encryptedTables: readonly EncryptedTable[] = [
  {
    table: "calendar_credential",
    idColumn: "connection_id",
    named: "connection",
    columns: { refresh_token: "refresh_token", access_token: "access_token" },
    isLasting: true,
  },
  {
    table: "calendar_consent",
    idColumn: "id",
    named: "consent",
    columns: { code_verifier: "calendar_consent.code_verifier", granted: "calendar_consent.granted" },
    isLasting: false,
  },
];
