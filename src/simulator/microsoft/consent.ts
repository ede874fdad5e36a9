import type { Account } from "../accounts.js";
import type { Answer, IncomingRequest } from "../answer.js";
import { alreadyAllowed, decisionOf, giveAccessAgain } from "../consent/decision.js";
import { RefusedRequest } from "../consent/request.js";
import type { World } from "../world.js";
import type { Refusal } from "./aadsts.js";
import { readRequest } from "./consent-request.js";
import type { MicrosoftRequest } from "./consent-request.js";
import { directoryId } from "./graph-id.js";
import { clientInfoOf } from "./identity.js";
import { answerTo, refusalTo } from "./return-address.js";
import { meaningOf } from "./scopes.js";

/**
 * `GET /ms/{tenant}/oauth2/v2.0/authorize` asks the user for consent, and a `POST` of the page's form answers. An unknown application
 * or address is shown to the user; of every other fault the application is told at its address.
 */
export function authorizeAnswer(world: World, request: IncomingRequest): Answer {
  try {
    const asked = readRequest(world, request.url.searchParams);
    if (asked.prompts.includes("none")) return silentAnswer(world, asked);
    const scopes = asked.scopes.map((scope) => ({ scope, meaning: meaningOf(scope), isOptional: false }));
    const decision = decisionOf(world, request, asked, { provider: "microsoft", scopes });
    if ("status" in decision) return decision;
    return decision.isAllowed ? allowed(world, asked, decision.account) : denied(world, asked);
  } catch (error) {
    if (error instanceof RefusedRequest) return error.answer;
    throw error;
  }
}

function silentAnswer(world: World, asked: MicrosoftRequest): Answer {
  const account = alreadyAllowed(world, "microsoft", asked);
  if (account) return allowed(world, asked, account);
  const isUnknown = asked.loginHint === null;
  return refusalTo(world, asked, isUnknown ? NOBODY_SIGNED_IN : NOT_CONSENTED);
}

const NOBODY_SIGNED_IN: Refusal = {
  error: "login_required",
  number: 50058,
  message: "A silent sign-in request was sent but no user is signed in.",
};

const NOT_CONSENTED: Refusal = {
  error: "interaction_required",
  number: 65001,
  message: "The user or administrator has not consented to use the application.",
};

function denied(world: World, asked: MicrosoftRequest): Answer {
  const message = "User declined to consent to access the app.";
  return refusalTo(world, asked, { error: "access_denied", number: 65004, message, suberror: "cancel" });
}

function allowed(world: World, asked: MicrosoftRequest, account: Account): Answer {
  giveAccessAgain(world, account);
  const { clientId, redirectUri, scopes, nonce, codeChallenge, state } = asked;
  const grant = { account: account.email, clientId, scopes };
  world.consents.add({ ...grant, isOffline: scopes.includes("offline_access") });
  const code = world.codes.issue({
    ...{ ...grant, redirectUri },
    ...(codeChallenge ? { codeChallenge } : {}),
    ...(nonce === null ? {} : { nonce }),
  });
  const clientInfo = asked.wantsClientInfo ? clientInfoOf(account.email) : null;
  return answerTo(asked, {
    code,
    client_info: clientInfo,
    state,
    session_state: directoryId(`session ${account.email}`),
  });
}
