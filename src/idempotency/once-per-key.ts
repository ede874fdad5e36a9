import { createHash } from "node:crypto";
import { sql } from "kysely";
import type { UnitOfWork } from "../database/unit-of-work.js";
import { prepared } from "../database/prepared-statements.js";
import { AppError } from "../errors.js";
import { lifetime } from "./lifetime.js";

/** The operations that take a key, by their name in the API; the table lists them too. */
export const keyedOperations = [
  "resyncConnection",
  "resyncAppointment",
  "replayAttempt",
  "createAppointment",
  "updateAppointment",
  "cancelAppointment",
] as const;

export type KeyedOperation = (typeof keyedOperations)[number];

/** What a user asks for; all of it but the two named here is what the key stands for. */
interface KeyedRequest {
  /** Null: asking again does it again. */
  idempotencyKey: string | null;
  waitSeconds: number;
}

interface KeyedAsking {
  userId: string;
  operation: KeyedOperation;
  request: KeyedRequest;
}

/** A key of one user for one operation, with the hash of the arguments that it came with. */
interface Key {
  userId: string;
  operation: string;
  key: string;
  argumentsHash: Buffer;
}

/**
 * Does the deed, which answers with the id of its run, unless it was done under the same key in the last 24 hours: then answers with
 * that run. The key is stored in the deed's transaction, so what was refused or broken off has left nothing. Call it before
 * anything else in the transaction. Keys are each firm's, user's and operation's own.
 * @throws AppError BAD_USER_INPUT with reason IDEMPOTENCY_KEY_REUSED after other arguments; CONFLICT with reason
 *   IDEMPOTENCY_KEY_IN_FLIGHT while a transaction with the same key has not ended
 */
export async function oncePerKey(
  unit: UnitOfWork,
  { userId, operation, request }: KeyedAsking,
  deed: () => Promise<string>,
): Promise<string> {
  if (request.idempotencyKey === null) return deed();
  const key = { userId, operation, key: request.idempotencyKey, argumentsHash: hashOf(request) };
  await lock(unit, key);
  const done = await find(unit, key);
  if (done) return sameRun(done, key);
  const runId = await deed();
  await unit.em.flush(); // the run is there to be referred to
  await keep(unit, key, runId);
  return runId;
}

/** Dates by their instant, ids by their text, which has one form only; in any order. */
function hashOf(request: KeyedRequest): Buffer {
  const args = Object.entries(request).filter(([name]) => name !== "idempotencyKey" && name !== "waitSeconds");
  const canonical = args.sort(([one], [other]) => (one < other ? -1 : 1));
  return createHash("sha256").update(JSON.stringify(canonical)).digest();
}

/** Does not wait: the first one may take as long as a transaction may. PostgreSQL drops the lock with the transaction, however that ends. */
async function lock({ em, firmId }: UnitOfWork, { userId, operation, key }: Key): Promise<void> {
  const name = JSON.stringify(["idempotency_key", firmId, userId, operation, key]);
  const { rows } = await prepared(
    em,
    sql<{ taken: boolean }>`
    select pg_try_advisory_xact_lock(hashtextextended(${name}::text, 0)) as taken
  `,
  );
  if (rows[0]?.taken !== true) throw inFlight();
}

function inFlight(): AppError {
  return new AppError("CONFLICT", "A request with this Idempotency-Key is in flight", {
    reason: "IDEMPOTENCY_KEY_IN_FLIGHT",
  });
}

interface Done {
  run_id: string;
  arguments_hash: Buffer;
}

async function find({ em, firmId }: UnitOfWork, { userId, operation, key }: Key): Promise<Done | undefined> {
  const { rows } = await prepared(
    em,
    sql<Done>`
    select run_id, arguments_hash from idempotency_key
    where firm_id = ${firmId} and user_id = ${userId} and operation = ${operation} and key = ${key}
      and created_at > now() - ${lifetime}
  `,
  );
  return rows[0];
}

function sameRun(done: Done, { argumentsHash }: Key): string {
  if (argumentsHash.equals(done.arguments_hash)) return done.run_id;
  throw new AppError("BAD_USER_INPUT", "Idempotency-Key was used with another body", {
    reason: "IDEMPOTENCY_KEY_REUSED",
  });
}

/** Takes the place of an expired key that has not been swept yet. One that holds would undo the deed, whatever the lock has let pass. */
async function keep(unit: UnitOfWork, { userId, operation, key, argumentsHash }: Key, runId: string): Promise<void> {
  const { numAffectedRows } = await prepared(
    unit.em,
    sql`
    insert into idempotency_key as stored (firm_id, user_id, operation, key, arguments_hash, run_id, created_at)
    values (${unit.firmId}, ${userId}, ${operation}, ${key}, ${argumentsHash}, ${runId}, ${unit.now}::timestamptz)
    on conflict (firm_id, user_id, operation, key) do update
    set arguments_hash = excluded.arguments_hash, run_id = excluded.run_id, created_at = excluded.created_at
    where stored.created_at <= now() - ${lifetime}
  `,
  );
  if (numAffectedRows !== 1n) throw inFlight();
}
