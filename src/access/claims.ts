import type { JWTPayload } from "jose";
import { parseId } from "../id.js";
import { roles, type Actor, type Role } from "./actor.js";

/** Which claims say who the user is. `user` null is the standard: `sub`, else `user_id`. */
export interface ClaimNames {
  user: string | null;
  firm: string;
  role: string;
}

/** The actor that verified claims name; null where one is missing or is not what it must be. */
export function actorOf(payload: JWTPayload, names: ClaimNames): Actor | null {
  // A refresh token of an older service has the same signature as its access tokens.
  if (payload["token_type"] !== undefined && payload["token_type"] !== "access") return null;
  const userId = userIdOf(names.user === null ? (payload.sub ?? payload["user_id"]) : payload[names.user]);
  const firmId = firmIdOf(payload[names.firm]);
  const role = roles.find((known): known is Role => known === payload[names.role]);
  if (userId === null || firmId === null || role === undefined) return null;
  return { userId, firmId, role, name: textOf(payload["name"]) };
}

function userIdOf(claim: unknown): string | null {
  if (typeof claim === "number") return Number.isSafeInteger(claim) ? String(claim) : null;
  return textOf(claim);
}

function firmIdOf(claim: unknown): string | null {
  if (typeof claim === "number") return Number.isSafeInteger(claim) ? parseId(String(claim)) : null;
  return typeof claim === "string" ? parseId(claim) : null;
}

const controlCharacter = /\p{Cc}/u;

/** Text that can be stored, shown and compared. */
function textOf(claim: unknown): string | null {
  if (typeof claim !== "string" || claim === "" || claim.length > 255) return null;
  return controlCharacter.test(claim) || !claim.isWellFormed() ? null : claim;
}
