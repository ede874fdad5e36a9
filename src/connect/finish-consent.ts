import { unitOfWork } from "../database/unit-of-work.js";
import { failpoint } from "../failpoints.js";
import type { AccountCalendars, ConsentGrant, ConsentProvider } from "../providers/consent.js";
import { ProviderFailure, type ProviderCall } from "../providers/provider.js";
import type { ConsentContext } from "./connecting.js";
import { secretInCookies } from "./consent-cookie.js";
import { firmOfSecret } from "./firm-secret.js";
import { refusalOfError, refusalOfFailure } from "./provider-refusal.js";
import { reconnectByConsent } from "./reconnect-by-consent.js";
import { ConsentRefusedError } from "./refusals.js";
import {
  consentOfState,
  removeConsent,
  storeGrant,
  takeVerifier,
  type PendingGrant,
  type StoredConsent,
} from "./stored-consent.js";

/** What the browser brings from the provider. */
export interface ConsentAnswer {
  state: string;
  outcome: { code: string } | { error: string };
  /** The request's Cookie header. */
  cookies: string | undefined;
}

export type FinishedConsent =
  | { kind: "CHOOSE"; consentId: string }
  | { kind: "RECONNECTED"; consentId: string; connectionId: string; returnUrl: string | null };

/** For the exchange of the code, and for each request of the list. */
const answerMs = 20_000;

/**
 * The provider has sent the browser back: uses the state up, exchanges the code, and keeps what that brings for the choice of a calendar,
 * or reconnects the connection that the consent was for. A consent that fails from here on is over.
 * @throws ConsentRefusedError
 */
export async function finishConsent(context: ConsentContext, answer: ConsentAnswer): Promise<FinishedConsent> {
  const { consent, codeVerifier, firmId } = await takeState(context, answer);
  if ("error" in answer.outcome) throw new ConsentRefusedError(refusalOfError(answer.outcome.error), consent.returnUrl);
  try {
    const { code } = answer.outcome;
    const grant = await askProvider(context, consent, { code, codeVerifier });
    return await keep(context, firmId, consent, grant);
  } catch (error) {
    await forget(context, firmId, consent);
    throw error;
  }
}

interface TakenState {
  firmId: string;
  consent: StoredConsent;
  codeVerifier: string;
}

/** In a transaction of its own, before anything is asked: of two requests with one state, one goes on. */
async function takeState({ em, connecting }: ConsentContext, answer: ConsentAnswer): Promise<TakenState> {
  const { state, outcome, cookies } = answer;
  const firmId = firmOfSecret(state);
  if (firmId === null) throw new ConsentRefusedError("LINK_NOT_VALID");
  const taken = await unitOfWork(em, firmId, async (unit) => {
    const consent = await consentOfState(unit, state);
    if (!consent) throw new ConsentRefusedError("LINK_NOT_VALID");
    if (!consent.isOfBrowser(secretInCookies(cookies, consent.id))) throw new ConsentRefusedError("OTHER_BROWSER");
    const codeVerifier = await takeVerifier(unit, connecting.cipher, consent.id);
    if ("error" in outcome) await removeConsent(unit, consent.id);
    return { firmId, consent, codeVerifier };
  });
  await failpoint("callback.state-taken");
  return taken;
}

async function askProvider(
  context: ConsentContext,
  consent: StoredConsent,
  { code, codeVerifier }: { code: string; codeVerifier: string },
): Promise<PendingGrant> {
  const { provider: name, redirectUri, returnUrl } = consent;
  const provider = context.connecting.providers.get(name);
  if (!provider) throw new ConsentRefusedError("SERVER_REFUSED", returnUrl);
  try {
    const grant = await provider.exchangeCode({ code, codeVerifier, redirectUri }, call());
    await failpoint("callback.code-exchanged");
    const refreshToken = sufficient(provider, grant, returnUrl);
    const account = await provider.listCalendars(grant.accessToken, call());
    return pendingGrant(account, { refreshToken, scopes: grant.scopes }, returnUrl);
  } catch (error) {
    if (!(error instanceof ProviderFailure)) throw error;
    const { errorCode, providerStatus } = error;
    context.log.warn({ errorCode, providerStatus, provider: name }, "a consent failed at the provider");
    throw new ConsentRefusedError(refusalOfFailure(error), returnUrl, { cause: error });
  }
}

function call(): ProviderCall {
  return { signal: AbortSignal.timeout(answerMs), onRequest: () => undefined };
}

/** Returns the refresh token. */
function sufficient(
  provider: ConsentProvider,
  { scopes, refreshToken }: ConsentGrant,
  returnUrl: string | null,
): string {
  if (!provider.isSufficient(scopes)) throw new ConsentRefusedError("PERMISSIONS_MISSING", returnUrl);
  if (refreshToken === null) throw new ConsentRefusedError("NO_LASTING_ACCESS", returnUrl);
  return refreshToken;
}

function pendingGrant(
  { addresses, calendars }: AccountCalendars,
  tokens: Pick<PendingGrant, "refreshToken" | "scopes">,
  returnUrl: string | null,
): PendingGrant {
  if (calendars.length === 0) throw new ConsentRefusedError("NO_CALENDARS", returnUrl);
  return { ...tokens, addresses, calendars };
}

async function keep(
  context: ConsentContext,
  firmId: string,
  consent: StoredConsent,
  grant: PendingGrant,
): Promise<FinishedConsent> {
  const { id: consentId, connectionId, returnUrl } = consent;
  if (connectionId !== null) {
    await reconnectByConsent(context, firmId, { ...consent, connectionId }, grant);
    return { kind: "RECONNECTED", consentId, connectionId, returnUrl };
  }
  const isStored = await unitOfWork(context.em, firmId, (unit) =>
    storeGrant(unit, context.connecting.cipher, consentId, grant),
  );
  if (!isStored) throw new ConsentRefusedError("LINK_NOT_VALID", returnUrl);
  await failpoint("callback.grant-stored");
  return { kind: "CHOOSE", consentId };
}

/** What cannot be removed now expires by itself. */
async function forget({ em, log }: ConsentContext, firmId: string, { id }: StoredConsent): Promise<void> {
  await unitOfWork(em, firmId, (unit) => removeConsent(unit, id)).catch((error: unknown) => {
    log.warn({ err: error }, "a consent that has failed stays until it expires");
  });
}
