import { errorCode, errorMessage } from "./error-code.js";

/** What of SQLSTATE says that the database, not the statement, is in trouble: connection, idle for too long, resources, shutdown, locks, system. */
const troubleStates = /^(08|25P03|40|53|55P03|57|58)/;
const networkCodes = /^(ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH)/;

/**
 * Whether an error means that the database is unavailable for now, so that the same statement may well succeed later. Read by shape:
 * Node's own errors may come from another realm.
 */
export function isDatabaseUnavailable(error: unknown): boolean {
  const code = errorCode(error);
  if (troubleStates.test(code) || networkCodes.test(code)) return true;
  return /^Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error/.test(
    errorMessage(error),
  );
}
