import pg from "pg";

/** Rows for tests, put in by a superuser's plain SQL. What is not said gets a plausible value. */
export class Given {
  readonly #pool: pg.Pool;

  constructor(superuserUrl: string) {
    this.#pool = new pg.Pool({ connectionString: superuserUrl, max: 2 });
    // Dropping the database ends sessions that are about to end anyway.
    this.#pool.on("error", () => undefined);
  }

  close(): Promise<void> {
    return this.#pool.end();
  }

  async sql<Row extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> {
    return (await this.#pool.query<Row>(text, values)).rows;
  }

  async firm(id: string): Promise<string> {
    await this.sql("insert into firm (id, name) values ($1, $2) on conflict do nothing", [id, `Firm ${id}`]);
    return id;
  }

  /** A connection of firm 1 unless said otherwise. Returns its id. */
  async connection(columns: Columns = {}): Promise<string> {
    const firmId = await this.firm(firmOf(columns));
    const calendar = `calendar-${Math.random().toString(36).slice(2)}`;
    return this.#insert("calendar_connection", {
      firm_id: firmId,
      provider: "GOOGLE",
      owner_id: "7",
      account_email: "ada@example.test",
      calendar_id: calendar,
      ...columns,
    });
  }

  /** Counters of a connection, as the engine would have left them. */
  async counters(connectionId: string, columns: Columns): Promise<void> {
    const names = Object.keys(columns);
    const assignments = names.map((name, index) => `${name} = $${index + 2}`).join(", ");
    await this.sql(`update connection_statistics set ${assignments} where connection_id = $1`, [
      connectionId,
      ...Object.values(columns),
    ]);
  }

  async appointment({ updated_at: updatedAt, ...columns }: Columns = {}): Promise<string> {
    const firmId = await this.firm(firmOf(columns));
    const id = await this.#insert("appointment", {
      firm_id: firmId,
      title: "Consultation",
      starts_at: "2026-03-01T09:00:00Z",
      ends_at: "2026-03-01T10:00:00Z",
      ...columns,
    });
    if (updatedAt !== undefined) await this.#changedAt(firmId, id, updatedAt);
    return id;
  }

  /** A change is stamped when it is written; the past needs the stamp to stand back. */
  async #changedAt(firmId: string, id: string, updatedAt: unknown): Promise<void> {
    const session = await this.#pool.connect();
    try {
      await session.query("begin; set local session_replication_role = replica");
      await session.query("update appointment set updated_at = $3 where firm_id = $1 and id = $2", [
        firmId,
        id,
        updatedAt,
      ]);
      await session.query("commit");
    } finally {
      session.release();
    }
  }

  async run(connectionId: string, columns: Columns = {}): Promise<string> {
    return this.#insert("sync_run", {
      firm_id: "1",
      connection_id: connectionId,
      operation: columns["appointment_id"] === undefined ? "LIST_CHANGES" : "UPSERT",
      direction: "PULL",
      trigger: "SCHEDULE",
      status: "SUCCEEDED",
      ...(isOver(columns) ? { finished_at: "2026-03-01T09:00:02Z" } : {}),
      ...columns,
    });
  }

  async attempt(run: { id: string; connectionId: string }, columns: Columns = {}): Promise<string> {
    const isRunning = columns["status"] === "RUNNING";
    return this.#insert("sync_attempt", {
      firm_id: "1",
      run_id: run.id,
      connection_id: run.connectionId,
      provider: "GOOGLE",
      operation: "LIST_CHANGES",
      direction: "PULL",
      status: "SUCCESS",
      state: isRunning ? "RUNNING" : "SUCCEEDED",
      started_at: "2026-03-01T09:00:00Z",
      finished_at: isRunning ? null : "2026-03-01T09:00:01.5Z",
      correlation_id: "00000000-0000-4000-8000-000000000001",
      ...columns,
    });
  }

  /** A run that waits for its retry, with its open failure. Returns both ids. */
  async openFailure(
    connectionId: string,
    columns: Columns = {},
    run: Columns = {},
  ): Promise<{ runId: string; attemptId: string }> {
    const retries = columns["error_class"] !== "NON_RETRYABLE" && columns["max_retries_reached"] !== true;
    const runId = await this.run(connectionId, {
      status: "FAILED",
      finished_at: "2026-03-01T09:00:02Z",
      open_failure_id: "1",
      ...run,
    });
    const attemptId = await this.attempt(
      { id: runId, connectionId },
      {
        status: "FAIL",
        state: "OPEN",
        error_class: "TRANSIENT",
        error_code: "PROVIDER_UNAVAILABLE",
        error_summary: "The provider is temporarily unavailable.",
        next_retry_at: retries ? "2099-01-01T00:00:00Z" : null,
        ...columns,
      },
    );
    await this.sql(
      "update sync_run set open_failure_id = $1, last_attempt_id = coalesce(last_attempt_id, $1) where id = $2",
      [attemptId, runId],
    );
    return { runId, attemptId };
  }

  async auditEvent(columns: Columns = {}): Promise<string> {
    return this.#insert("audit_event", {
      firm_id: "1",
      event_type: "calendar_connection_connected",
      event_category: "calendar_connection",
      severity: "info",
      resource_type: "calendar_connection",
      resource_id: "1",
      ...columns,
    });
  }

  async #insert(table: string, columns: Columns): Promise<string> {
    const names = Object.keys(columns);
    const places = names.map((_name, index) => `$${index + 1}`).join(", ");
    const [row] = await this.sql<{ id: string }>(
      `insert into ${table} (${names.join(", ")}) values (${places}) returning id`,
      Object.values(columns),
    );
    return String(row?.id);
  }
}

type Columns = Readonly<Record<string, unknown>>;

function firmOf({ firm_id: firmId }: Columns): string {
  return typeof firmId === "string" ? firmId : "1";
}

function isOver({ status = "SUCCEEDED" }: Columns): boolean {
  return ["SUCCEEDED", "FAILED", "CANCELLED"].includes(String(status));
}
