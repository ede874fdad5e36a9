/** What of SQLSTATE says that the database, not the statement, is in trouble: connection, idle for too long, resources, shutdown, locks, system. */
const troubleStates = /^(08|25P03|40|53|55P03|57|58)/;
const networkCodes = /^(ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH)/;

/** Whether an error means that the database is unavailable for now, so that the same statement may well succeed later. */
export function isDatabaseUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as { code?: unknown };
  if (typeof code === "string" && (troubleStates.test(code) || networkCodes.test(code))) return true;
  return /^Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error/.test(
    error.message,
  );
}
