import { AppError, badArgument } from "../errors.js";
import type { ConsentProvider } from "../providers/consent.js";
import type { ProviderName } from "../providers/provider.js";
import type { Connecting } from "./connecting.js";

const longestOwnerId = 200;
const longestReturnUrl = 2000;

/**
 * Whose calendar it is: the id by which the firm's own system knows the staff member.
 * @throws AppError BAD_USER_INPUT
 */
export function ownerIdArgument(ownerId: string): string {
  const isFit = ownerId.trim() !== "" && ownerId.length <= longestOwnerId;
  if (isFit && ownerId.isWellFormed() && !/\p{Cc}/u.test(ownerId)) return ownerId;
  throw badArgument(
    "ownerId",
    `ownerId must have 1 to ${longestOwnerId} characters, not only blanks, none of control.`,
  );
}

/**
 * Where the browser goes when all is done; null where it stays. Only to this server's own pages and to those of CORS_ORIGINS: to any
 * other one it would be a redirect that anybody may aim.
 * @throws AppError BAD_USER_INPUT
 */
export function returnUrlArgument(returnUrl: string | null | undefined, connecting: Connecting): string | null {
  if (returnUrl == null) return null;
  const allowed = new Set(connecting.returnOrigins);
  if (connecting.baseUrl !== null) allowed.add(new URL(connecting.baseUrl).origin);
  if (returnUrl.length <= longestReturnUrl && URL.canParse(returnUrl)) {
    const { href, origin, username, password } = new URL(returnUrl);
    if (allowed.has(origin) && username + password === "" && href.length <= longestReturnUrl) return href;
  }
  throw badArgument(
    "returnUrl",
    `returnUrl must be an address of this server (PUBLIC_URL) or of an origin in CORS_ORIGINS, of at most ${longestReturnUrl} characters.`,
  );
}

/** @throws AppError BAD_USER_INPUT with reason PROVIDER_NOT_CONFIGURED */
export function configuredProvider(connecting: Connecting, name: ProviderName): ConsentProvider {
  const provider = connecting.providers.get(name);
  if (provider) return provider;
  const { title, prefix } = names[name];
  throw new AppError("BAD_USER_INPUT", `${title} calendars cannot be connected: ${prefix}_CLIENT_ID is not set.`, {
    reason: "PROVIDER_NOT_CONFIGURED",
  });
}

const names = {
  GOOGLE: { title: "Google", prefix: "GOOGLE" },
  MICROSOFT: { title: "Microsoft", prefix: "MICROSOFT" },
} as const;

/** @throws AppError BAD_USER_INPUT with reason PUBLIC_URL_MISSING */
export function knownBaseUrl({ baseUrl }: Connecting): string {
  if (baseUrl !== null) return baseUrl;
  throw new AppError(
    "BAD_USER_INPUT",
    "Calendars cannot be connected: PUBLIC_URL is not set, so that providers could not send anybody back.",
    { reason: "PUBLIC_URL_MISSING" },
  );
}
