import { errors, jwtVerify, SignJWT, type JWTPayload, type JWTVerifyResult } from "jose";
import type { Logger } from "pino";
import { AppError } from "../errors.js";
import type { Actor, Role } from "./actor.js";
import { actorOf, type ClaimNames } from "./claims.js";
import { RemoteKeySet, type KeySetLimits } from "./key-set.js";
import { VerifiedTokens } from "./verified-tokens.js";

/** How tokens are verified: by secrets (HS256), or by a key set (RS256, ES256, EdDSA). */
export interface TokenConfig {
  /** The first signs, all verify; empty with a key set. */
  secrets: readonly string[];
  jwksUrl: string | null;
  /** Demanded when set. */
  issuer: string | null;
  /** Demanded when set. */
  audience: string | null;
  claims: ClaimNames;
}

/**
 * Says who a token's bearer is.
 * @throws AppError UNAUTHENTICATED, the same for whatever is wrong with the token; UNAVAILABLE when the key set cannot be fetched
 */
export type VerifyToken = (token: string) => Promise<Actor>;

/** Far above any real token; more is refused before anything is computed. */
const longestToken = 8192;

export interface VerifierOptions {
  /** Told when the key set cannot be fetched. */
  log?: Logger;
  /** Default: keySetLimits. */
  keySetLimits?: KeySetLimits;
}

export function createTokenVerifier(config: TokenConfig, options: VerifierOptions = {}): VerifyToken {
  const verify = config.jwksUrl === null ? verifyBySecrets(config) : verifyByKeySet(config, config.jwksUrl, options);
  const verified = new VerifiedTokens();
  return async (token) => {
    if (token.length > longestToken) throw unauthenticated();
    const known = verified.find(token);
    if (known) return known;
    const payload = await verify(token);
    const actor = actorOf(payload, config.claims);
    if (!actor || payload.exp === undefined) throw unauthenticated();
    verified.keep(token, actor, payload.exp * 1000);
    return actor;
  };
}

/** The one answer to every missing or bad token. */
export function unauthenticated(cause?: unknown): AppError {
  return new AppError(
    "UNAUTHENTICATED",
    "Authentication credentials were not provided or are not valid.",
    {},
    { cause },
  );
}

/** What the header of an access token may say that it is; other kinds, such as a logout token, say so (RFC 8725, 3.11). */
const accessTokenTypes: readonly unknown[] = [undefined, "jwt", "at+jwt"];

function accessTokenOf({ protectedHeader: { typ }, payload }: JWTVerifyResult): JWTPayload {
  const kind: unknown = typ; // whatever stands in the header
  const name = typeof kind === "string" ? kind.toLowerCase().replace(/^application\//, "") : kind;
  if (accessTokenTypes.includes(name)) return payload;
  throw new errors.JWTClaimValidationFailed("The token is of another kind", payload, "typ");
}

function verifyBySecrets(config: TokenConfig): (token: string) => Promise<JWTPayload> {
  const keys = config.secrets.map((secret) => new TextEncoder().encode(secret));
  const options = { ...expectations(config), algorithms: ["HS256"] };
  return async (token) => {
    let refusal: unknown;
    for (const key of keys) {
      try {
        return accessTokenOf(await jwtVerify(token, key, options));
      } catch (error) {
        refusal = error;
        if (!(error instanceof errors.JWSSignatureVerificationFailed)) break;
      }
    }
    throw unauthenticated(refusal);
  };
}

function verifyByKeySet(
  config: TokenConfig,
  url: string,
  { log, keySetLimits }: VerifierOptions,
): (token: string) => Promise<JWTPayload> {
  const tell = (fault: Error): void => log?.warn({ err: fault }, "the key set cannot be fetched");
  const { keyOf } = new RemoteKeySet(url, tell, keySetLimits);
  const options = { ...expectations(config), algorithms: ["RS256", "ES256", "EdDSA"] };
  return async (token) => {
    try {
      return accessTokenOf(await jwtVerify(token, keyOf, options));
    } catch (error) {
      if (isFaultOfKeySet(error)) {
        throw new AppError("UNAVAILABLE", "Tokens cannot be verified at the moment.", {}, { cause: error });
      }
      throw unauthenticated(error);
    }
  };
}

/** jose's own errors are about the token, except of a key that cannot be used. */
function isFaultOfKeySet(error: unknown): boolean {
  return !(error instanceof errors.JOSEError) || error instanceof errors.JWKSInvalid;
}

function expectations(config: TokenConfig) {
  return {
    requiredClaims: ["exp"],
    ...(config.issuer === null ? {} : { issuer: config.issuer }),
    ...(config.audience === null ? {} : { audience: config.audience }),
  };
}

export interface TokenRequest {
  userId: string;
  firmId: string;
  role: Role;
  name: string | null;
  hours: number;
}

/** Signs an HS256 token with the configuration's claim names, issuer and audience, so that the same configuration accepts it. */
export async function signToken(config: TokenConfig, request: TokenRequest): Promise<string> {
  const [secret] = config.secrets;
  if (secret === undefined) throw new Error("Tokens are verified by a key set: only its owner can sign them");
  const token = new SignJWT({
    [config.claims.user ?? "sub"]: request.userId,
    [config.claims.firm]: firmClaim(request.firmId),
    [config.claims.role]: request.role,
    ...(request.name === null ? {} : { name: request.name }),
  });
  if (config.issuer !== null) token.setIssuer(config.issuer);
  if (config.audience !== null) token.setAudience(config.audience);
  token.setProtectedHeader({ alg: "HS256", typ: "JWT" }).setIssuedAt().setExpirationTime(`${request.hours} hours`);
  return token.sign(new TextEncoder().encode(secret));
}

/** A number as far as JSON numbers are exact. */
function firmClaim(firmId: string): number | string {
  return Number.isSafeInteger(Number(firmId)) ? Number(firmId) : firmId;
}
