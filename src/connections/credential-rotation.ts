import { sql } from "kysely";
import { record } from "../audit/record.js";
import type { EntityManager } from "../database/orm.js";
import { unitOfWork, type UnitOfWork } from "../database/unit-of-work.js";
import { failpoint } from "../failpoints.js";
import { CredentialUnreadableError, type CredentialCipher } from "./credential-cipher.js";
import { encryptedTables, type EncryptedTable } from "./credential-tables.js";

/** A row that stays as it is: its version's key is another one, or it was changed. */
export interface UnreadableRow {
  named: string;
  id: string;
  keyVersion: number;
}

export interface RotatedFirm {
  /** Rows encrypted anew, in all tables. */
  rotated: number;
  unreadable: UnreadableRow[];
}

/** Firms with anything that an older key has encrypted, asked on the system login. */
export async function firmsToRotate(systemEm: EntityManager, cipher: CredentialCipher): Promise<string[]> {
  const older = encryptedTables.map(
    ({ table }) => sql`select firm_id from ${sql.table(table)} where key_version < ${cipher.currentKeyVersion}`,
  );
  const { rows } = await sql<{ firm_id: string }>`
    select firm_id from (${sql.join(older, sql` union `)}) older order by firm_id
  `.execute(systemEm.fork().getKysely());
  return rows.map(({ firm_id }) => firm_id);
}

/**
 * Encrypts with the highest key what older ones have encrypted for the firm, and audits it, in one transaction on the application's login.
 * Servers may go on: rows are locked only while they are written, and one that has been written since it was read (a token refresh)
 * is read again, never overwritten.
 */
export function rotateFirm(em: EntityManager, cipher: CredentialCipher, firmId: string): Promise<RotatedFirm> {
  return unitOfWork(em, firmId, async (unit) => {
    const result: RotatedFirm = { rotated: 0, unreadable: [] };
    const counts: Record<string, number> = {};
    for (const table of encryptedTables) {
      const done = await rotateTable(unit, cipher, table);
      if (done.rotated > 0) counts[table.table] = done.rotated;
      result.rotated += done.rotated;
      result.unreadable.push(...done.unreadable);
    }
    if (result.rotated > 0) {
      record(unit, {
        eventType: "credentials_rotated",
        resource: { type: "firm", id: firmId },
        metadata: { key_version: cipher.currentKeyVersion, rotated: counts, unreadable: result.unreadable.length },
      });
      await unit.em.flush();
    }
    await failpoint("rotate.in-transaction");
    return result;
  });
}

const rowsAtOnce = 500;

async function rotateTable(unit: UnitOfWork, cipher: CredentialCipher, table: EncryptedTable): Promise<RotatedFirm> {
  const done: RotatedFirm = { rotated: 0, unreadable: [] };
  for (;;) {
    const rows = await olderRows(unit, cipher, table, done.unreadable);
    if (rows.length === 0) return done;
    const readable: RotatedRow[] = [];
    for (const row of rows) {
      const anew = encryptAnew(unit, cipher, table, row);
      if (anew) readable.push({ row, anew });
      else done.unreadable.push({ named: table.named, id: row.id, keyVersion: row.key_version });
    }
    await failpoint("rotate.read");
    done.rotated += await replaceRows(unit, cipher, table, readable);
  }
}

interface StoredRow {
  id: string;
  key_version: number;
  ciphertexts: (Buffer | null)[];
}

interface RotatedRow {
  row: StoredRow;
  anew: (Buffer | null)[];
}

async function olderRows(
  { em, firmId }: UnitOfWork,
  cipher: CredentialCipher,
  { table, idColumn, columns }: EncryptedTable,
  unreadable: readonly UnreadableRow[],
): Promise<StoredRow[]> {
  const id = sql`${sql.ref(idColumn)}::text`;
  const names = Object.keys(columns);
  const { rows } = await sql<{ id: string; key_version: number } & Record<string, unknown>>`
    select ${id} as id, key_version, ${sql.join(names.map((name) => sql.ref(name)))} from ${sql.table(table)}
    where firm_id = ${firmId} and key_version < ${cipher.currentKeyVersion}
      and not ${id} = any(${unreadable.map((row) => row.id)}::text[])
    order by ${sql.ref(idColumn)} limit ${rowsAtOnce}
  `.execute(em.getKysely());
  return rows.map(({ id, key_version, ...row }) => ({
    id,
    key_version,
    ciphertexts: names.map((name) => row[name] as Buffer | null),
  }));
}

/** Null where a column of the row cannot be read. */
function encryptAnew(
  { firmId }: UnitOfWork,
  cipher: CredentialCipher,
  { columns }: EncryptedTable,
  { id, key_version: keyVersion, ciphertexts }: StoredRow,
): (Buffer | null)[] | null {
  try {
    return Object.values(columns).map((column, index) => {
      const ciphertext = ciphertexts[index] ?? null;
      const place = { firmId, connectionId: id, column };
      return ciphertext && cipher.encrypt(cipher.decrypt({ ciphertext, keyVersion }, place), place).ciphertext;
    });
  } catch (error) {
    if (error instanceof CredentialUnreadableError) return null;
    throw error;
  }
}

/** Returns how many were still as they were read; others are left to be read again. */
async function replaceRows(
  { em, firmId }: UnitOfWork,
  cipher: CredentialCipher,
  { table, idColumn, columns }: EncryptedTable,
  rows: readonly RotatedRow[],
): Promise<number> {
  const names = Object.keys(columns);
  const was = (name: string) => sql.ref(`was_${name}`);
  const given = names.flatMap((_, index) => [
    sql`${rows.map(({ row }) => row.ciphertexts[index] ?? null)}::bytea[]`,
    sql`${rows.map(({ anew }) => anew[index] ?? null)}::bytea[]`,
  ]);
  const assignments = names.map((name) => sql`${sql.ref(name)} = anew.${sql.ref(name)}`);
  const unchanged = names.map((name) => sql`stored.${sql.ref(name)} is not distinct from anew.${was(name)}`);
  const { numAffectedRows = 0n } = await sql`
    update ${sql.table(table)} stored set key_version = ${cipher.currentKeyVersion}, ${sql.join(assignments)}
    from unnest(${rows.map(({ row }) => row.id)}::text[], ${sql.join(given)})
      as anew (id, ${sql.join(names.flatMap((name) => [was(name), sql.ref(name)]))})
    where stored.firm_id = ${firmId} and stored.${sql.ref(idColumn)}::text = anew.id
      and ${sql.join(unchanged, sql` and `)}
  `.execute(em.getKysely());
  return Number(numAffectedRows);
}
