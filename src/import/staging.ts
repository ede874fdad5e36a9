import { sql } from "kysely";
import type { CredentialCipher } from "../connections/credential-cipher.js";
import { encryptRefreshToken } from "../connections/credentials.js";
import { DatabaseSetupError } from "../database/database-setup-error.js";
import { errorCode } from "../database/error-code.js";
import { groupRoles } from "../database/logins.js";
import type { EntityManager } from "../database/orm.js";
import { failpoint } from "../failpoints.js";
import type { ImportLine, LineType } from "./import-lines.js";

/** Where a line stands: the file by its place in the command, both counted from 1. */
export interface Place {
  file_number: number;
  line_number: number;
}

const place = "file_number integer not null, line_number bigint not null, firm_id bigint";

/**
 * Temporary tables: of this session alone, in no backup and no write-ahead log, and gone with it however it ends. What comes from a token is
 * encrypted before it gets there.
 */
const tables: Record<LineType | "fault", string> = {
  firm: `${place}, name text`,
  connection: `${place}, id bigint, provider text, owner_id text, account_email text, calendar_id text, calendar_name text, status text,
    status_reason text, status_changed_at timestamptz(3), key_version integer, refresh_token bytea, scopes text[], created_at timestamptz(3),
    successes bigint, transient_failures bigint, rate_limited_failures bigint, non_retryable_failures bigint`,
  appointment: `${place}, id bigint, connection_id bigint, external_event_id text, recurring_event_id text, title text, status text,
    status_reason text, starts_at timestamptz(3), ends_at timestamptz(3), is_all_day boolean, time_zone text, created_at timestamptz(3)`,
  attempt: `${place}, id bigint, connection_id bigint, appointment_id bigint, operation text, direction text, status text, error_class text,
    error_summary text, retry_count integer, max_retries_reached boolean, started_at timestamptz(3), finished_at timestamptz(3),
    correlation_id uuid`,
  fault: `${place}, reason text`,
};

type StagedTable = keyof typeof tables;
const names = Object.keys(tables) as StagedTable[];

const mostRows = 5_000;
const mostBytes = 4_000_000;

const insufficientPrivilege = "42501";

function noTemporaryTables(cause: unknown): DatabaseSetupError {
  return new DatabaseSetupError(
    "The application's login (DATABASE_URL) may not make temporary tables. Let a DBA run, with its database's name: " +
      `grant temporary on database calendar_sync to ${groupRoles.app};`,
    { cause },
  );
}

/** Collects lines and writes them, thousands at once, into the session's temporary tables. */
export class Staging {
  private rows = new Map<StagedTable, string[]>();
  private rowCount = 0;
  private bytes = 0;

  constructor(
    private readonly em: EntityManager,
    private readonly cipher: CredentialCipher,
  ) {}

  /** @throws DatabaseSetupError where the login may not make temporary tables */
  async begin(): Promise<void> {
    for (const name of names) {
      const create = sql`create temporary table ${sql.raw(`staged_${name} (${tables[name]})`)}`;
      await create.execute(this.em.getKysely()).catch((error: unknown) => {
        throw errorCode(error) === insufficientPrivilege ? noTemporaryTables(error) : error;
      });
    }
  }

  add(at: Place, line: ImportLine): Promise<void> {
    switch (line.type) {
      case "firm":
        return this.put("firm", { ...at, firm_id: line.id, name: line.name });
      case "connection":
        return this.put("connection", { ...at, ...line, ...line.archived_attempts, ...this.encrypted(line) });
      case "appointment":
      case "attempt":
        return this.put(line.type, { ...at, ...line });
    }
  }

  /** A line that says nothing; its firm is null where it does not even tell that. */
  addFault(at: Place, reason: string, firmId: string | null): Promise<void> {
    return this.put("fault", { ...at, firm_id: firmId, reason });
  }

  /** Writes what is left, and makes it quick to ask. */
  async end(): Promise<void> {
    await this.flush();
    for (const name of names) {
      const table = sql.ref(`staged_${name}`);
      await sql`create index on ${table} (firm_id)`.execute(this.em.getKysely());
      await sql`analyze ${table}`.execute(this.em.getKysely());
    }
  }

  private encrypted(line: Extract<ImportLine, { type: "connection" }>) {
    if (line.refresh_token == null) return { key_version: null, refresh_token: null };
    const { keyVersion, ciphertext } = encryptRefreshToken(this.cipher, line.firm_id, line.id, line.refresh_token);
    return { key_version: keyVersion, refresh_token: `\\x${ciphertext.toString("hex")}` };
  }

  private async put(table: StagedTable, row: object): Promise<void> {
    const json = JSON.stringify(row);
    const waiting = this.rows.get(table);
    if (waiting) waiting.push(json);
    else this.rows.set(table, [json]);
    this.rowCount += 1;
    this.bytes += json.length;
    if (this.rowCount >= mostRows || this.bytes >= mostBytes) await this.flush();
  }

  private async flush(): Promise<void> {
    for (const [name, rows] of this.rows) {
      const table = sql.ref(`staged_${name}`);
      const json = `[${rows.join(",")}]`;
      await sql`insert into ${table} select * from json_populate_recordset(null::${table}, ${json}::json)`.execute(
        this.em.getKysely(),
      );
    }
    this.rows = new Map();
    this.rowCount = 0;
    this.bytes = 0;
    await failpoint("import.staged");
  }
}
