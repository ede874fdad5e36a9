import { createHash } from "node:crypto";
import { ownerNameOf } from "../accounts.js";
import type { Answer, IncomingRequest } from "../answer.js";
import { jsonAnswer } from "../answer.js";
import { ACCESS_TOKEN_SECONDS } from "../tokens.js";
import type { Grant } from "../tokens.js";
import type { World } from "../world.js";
import { GOOGLE_ISSUER } from "./consent.js";

const EMAIL = "https://www.googleapis.com/auth/userinfo.email";
const PROFILE = "https://www.googleapis.com/auth/userinfo.profile";

/** The identity token that comes with an access token where the grant has `openid`, as Google's are. */
export function googleIdToken(
  world: World,
  grant: Grant,
  audience: string,
  accessToken: string,
  nonce?: string,
): string | null {
  const account = world.accounts.find(grant.account);
  if (!account || !grant.scopes.includes("openid")) return null;
  const issuedAt = Math.floor(world.clock.now() / 1000);
  return world.signingKey.signed({
    iss: GOOGLE_ISSUER,
    azp: audience,
    aud: audience,
    sub: subjectOf(account.email),
    ...(grant.scopes.includes(EMAIL) ? { email: account.email, email_verified: true } : {}),
    at_hash: createHash("sha256").update(accessToken).digest().subarray(0, 16).toString("base64url"),
    ...(grant.scopes.includes(PROFILE) ? { name: ownerNameOf(account) } : {}),
    ...(nonce === undefined ? {} : { nonce }),
    iat: issuedAt,
    exp: issuedAt + ACCESS_TOKEN_SECONDS,
  });
}

/** 21 digits, the same for an account at all times. */
function subjectOf(email: string): string {
  const digits = BigInt(`0x${createHash("sha256").update(`google ${email}`).digest("hex")}`).toString();
  return `1${digits.slice(-20)}`;
}

/** `GET /google/oauth2/v3/certs` */
export function keysAnswer(world: World): Answer {
  return jsonAnswer(200, world.signingKey.jwks());
}

/** `GET /google/.well-known/openid-configuration` (OpenID Connect Discovery). The issuer is the real one, which clients insist on. */
export function configurationAnswer({ origin }: IncomingRequest): Answer {
  const root = `${origin}/google`;
  return jsonAnswer(200, {
    issuer: GOOGLE_ISSUER,
    authorization_endpoint: `${root}/o/oauth2/v2/auth`,
    token_endpoint: `${root}/token`,
    revocation_endpoint: `${root}/revoke`,
    jwks_uri: `${root}/oauth2/v3/certs`,
    response_types_supported: ["code"],
    response_modes_supported: ["query"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["RS256"],
    scopes_supported: ["openid", "email", "profile"],
    token_endpoint_auth_methods_supported: ["client_secret_post"],
    claims_supported: ["aud", "email", "email_verified", "exp", "iat", "iss", "name", "sub"],
    code_challenge_methods_supported: ["plain", "S256"],
    grant_types_supported: ["authorization_code", "refresh_token"],
  });
}
