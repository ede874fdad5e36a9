import type { Actor } from "../access/actor.js";
import type { VerifyToken } from "../access/token.js";
import { errorCode } from "../error-code.js";
import { AppError } from "../errors.js";
import { refusals } from "./refusals.js";

/**
 * Whose the request is, by its header Authorization, with the answers that djangorestframework-simplejwt gives.
 * @throws Refusal 401; AppError UNAVAILABLE when tokens cannot be verified now
 */
export async function authenticated(header: string | undefined, verifyToken: VerifyToken): Promise<Actor> {
  const [scheme = "", token = "", ...rest] = (header ?? "").trim().split(/\s+/);
  if (scheme.toLowerCase() !== "bearer") throw refusals.noCredentials();
  if (token === "" || rest.length > 0) throw refusals.badAuthorization();
  try {
    return await verifyToken(token);
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== "UNAUTHENTICATED") throw error;
    throw refusals.badToken(errorCode(error.cause) === "ERR_JWT_EXPIRED" ? "Token is expired" : "Token is invalid");
  }
}
