import { ownerNameOf } from "../accounts.js";
import type { Answer, IncomingRequest } from "../answer.js";
import { jsonAnswer } from "../answer.js";
import { ACCESS_TOKEN_SECONDS } from "../tokens.js";
import type { Grant } from "../tokens.js";
import type { World } from "../world.js";
import { directoryId, userIdOf } from "./graph-id.js";

const HOST = "login.microsoftonline.com";

/** The directory (tenant) that an account belongs to: that of its domain. */
function tenantOf(email: string): string {
  return directoryId(`tenant ${email.slice(email.lastIndexOf("@") + 1)}`);
}

/** Microsoft's `client_info`: who the user is, for the client's cache of tokens. */
export function clientInfoOf(email: string): string {
  return Buffer.from(JSON.stringify({ uid: userIdOf(email), utid: tenantOf(email) })).toString("base64url");
}

/** The identity token that comes with an access token where the grant has `openid`, as Microsoft Entra's are (version 2.0). */
export function microsoftIdToken(world: World, grant: Grant, audience: string, nonce?: string): string | null {
  const account = world.accounts.find(grant.account);
  if (!account || !grant.scopes.includes("openid")) return null;
  const { email } = account;
  const issuedAt = Math.floor(world.clock.now() / 1000);
  return world.signingKey.signed({
    aud: audience,
    iss: issuerOf(tenantOf(email)),
    iat: issuedAt,
    nbf: issuedAt,
    exp: issuedAt + ACCESS_TOKEN_SECONDS,
    ...(grant.scopes.includes("email") ? { email } : {}),
    ...(grant.scopes.includes("profile")
      ? { name: ownerNameOf(account), oid: userIdOf(email), preferred_username: email }
      : {}),
    ...(nonce === undefined ? {} : { nonce }),
    sub: Buffer.from(directoryId(`subject ${audience} ${email}`)).toString("base64url"),
    tid: tenantOf(email),
    ver: "2.0",
  });
}

/** The real one, which clients insist on. */
function issuerOf(tenant: string): string {
  return `https://${HOST}/${tenant}/v2.0`;
}

/** `GET /ms/{tenant}/discovery/v2.0/keys` */
export function keysAnswer(world: World): Answer {
  return jsonAnswer(200, world.signingKey.jwks());
}

/** `GET /ms/{tenant}/v2.0/.well-known/openid-configuration` (OpenID Connect Discovery). */
export function configurationAnswer({ origin, url }: IncomingRequest): Answer {
  const tenant = url.pathname.split("/")[2] ?? "";
  const root = `${origin}/ms/${tenant}`;
  const isMany = ["common", "organizations", "consumers"].includes(tenant);
  return jsonAnswer(200, {
    token_endpoint: `${root}/oauth2/v2.0/token`,
    token_endpoint_auth_methods_supported: ["client_secret_post"],
    jwks_uri: `${root}/discovery/v2.0/keys`,
    response_modes_supported: ["query", "fragment", "form_post"],
    subject_types_supported: ["pairwise"],
    id_token_signing_alg_values_supported: ["RS256"],
    response_types_supported: ["code"],
    scopes_supported: ["openid", "profile", "email", "offline_access"],
    issuer: issuerOf(isMany ? "{tenantid}" : tenant),
    authorization_endpoint: `${root}/oauth2/v2.0/authorize`,
    claims_supported: ["sub", "iss", "aud", "exp", "iat", "nonce", "preferred_username", "name", "tid", "ver", "email"],
    cloud_instance_name: "microsoftonline.com",
    msgraph_host: "graph.microsoft.com",
  });
}

/** `GET /ms/common/discovery/instance`: which hosts are Microsoft's (asked by its clients about hosts they do not know). */
export function instancesAnswer({ origin, url }: IncomingRequest): Answer {
  const asked = URL.parse(url.searchParams.get("authorization_endpoint") ?? "")?.pathname ?? "";
  const tenant = /([^/]+)\/oauth2\//.exec(asked)?.[1] ?? "common";
  return jsonAnswer(200, {
    tenant_discovery_endpoint: `${origin}/ms/${tenant}/v2.0/.well-known/openid-configuration`,
    "api-version": "1.1",
    metadata: [
      {
        preferred_network: HOST,
        preferred_cache: "login.windows.net",
        aliases: [HOST, "login.windows.net", "login.microsoft.com", "sts.windows.net"],
      },
    ],
  });
}
