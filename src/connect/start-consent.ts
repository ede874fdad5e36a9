import { createHash, randomBytes, randomUUID } from "node:crypto";
import { record } from "../audit/record.js";
import type { Context } from "../context.js";
import { unitOfWork, type UnitOfWork } from "../database/unit-of-work.js";
import { failpoint } from "../failpoints.js";
import type { ConsentProvider } from "../providers/consent.js";
import { consentCookie } from "./consent-cookie.js";
import { knownBaseUrl } from "./connect-arguments.js";
import type { Connecting } from "./connecting.js";
import { newFirmSecret } from "./firm-secret.js";
import { storeConsent, type NewConsent } from "./stored-consent.js";

export interface ConsentRequest {
  provider: ConsentProvider;
  /** One of the two: whose new connection it will be, or which connection is reconnected. */
  ownerId: string | null;
  connectionId: string | null;
  /** The account that is meant; null lets the user choose. */
  loginHint: string | null;
  returnUrl: string | null;
  /** At most 500 characters; kept in the audit. */
  reason: string | null;
}

export interface StartedConsent {
  consentUrl: string;
  /** As the database writes it. */
  expiresAt: string;
}

/**
 * Begins a consent: the address at the provider, and a cookie that binds its outcome to the browser that asks. `check` is done in the
 * transaction of the deed. Nothing is asked of the provider.
 * @throws AppError BAD_USER_INPUT with reason PUBLIC_URL_MISSING, and whatever `check` throws
 */
export async function startConsent(
  { actor, em }: Context,
  connecting: Connecting,
  request: ConsentRequest,
  check: (unit: UnitOfWork) => Promise<void>,
): Promise<StartedConsent> {
  const { provider, ownerId, connectionId, loginHint, returnUrl, reason } = request;
  const baseUrl = knownBaseUrl(connecting);
  const secrets = {
    state: newFirmSecret(actor.firmId),
    browserSecret: newFirmSecret(actor.firmId),
    codeVerifier: randomBytes(32).toString("base64url"),
  };
  const redirectUri = `${baseUrl}/oauth/callback`;
  const consent: NewConsent = {
    id: randomUUID(),
    ...{ provider: provider.name, userId: actor.userId, ownerId, connectionId, reason, returnUrl, redirectUri },
    ...secrets,
  };
  const consentUrl = await provider.consentUrl({
    redirectUri,
    state: secrets.state,
    codeChallenge: createHash("sha256").update(secrets.codeVerifier).digest("base64url"),
    loginHint,
  });
  const expiresAt = await unitOfWork(em, actor.firmId, async (unit) => {
    await check(unit);
    recordStart(unit, consent);
    return storeConsent(unit, connecting.cipher, consent);
  });
  await failpoint("consent.stored");
  connecting.setCookie(consentCookie(consent.id, secrets.browserSecret, baseUrl));
  return { consentUrl, expiresAt };
}

function recordStart(unit: UnitOfWork, { provider, userId, ownerId, connectionId, reason }: NewConsent): void {
  record(unit, {
    eventType: "calendar_connection_consent_requested",
    actorId: userId,
    resource:
      connectionId === null ? { type: "firm", id: unit.firmId } : { type: "calendar_connection", id: connectionId },
    metadata: {
      provider: provider.toLowerCase(),
      ...(ownerId === null ? {} : { owner_id: ownerId }),
      reason,
    },
  });
}
