import { ownerNameOf } from "../accounts.js";
import type { Account, ProviderKind } from "../accounts.js";
import type { Answer, IncomingRequest } from "../answer.js";
import type { World } from "../world.js";
import { consentPage } from "./page.js";
import type { AskedScope } from "./page.js";
import type { AuthorizationRequest } from "./request.js";

/** A user's answer on the consent page. */
export type Decision =
  | { isAllowed: false }
  | {
      isAllowed: true;
      account: Account;
      /** The optional scopes that were left ticked. */
      ticked: ReadonlySet<string>;
    };

interface Question {
  provider: ProviderKind;
  scopes: readonly AskedScope[];
}

/** The user's decision; or, where there is none yet or it cannot be carried out, the page that asks for it. */
export function decisionOf(
  world: World,
  request: IncomingRequest,
  asked: AuthorizationRequest,
  question: Question,
): Decision | Answer {
  const form = request.method === "POST" ? new URLSearchParams(request.body) : null;
  if (form?.get("decision") === "deny") return { isAllowed: false };
  const accounts = accountsFor(world, question.provider, asked.domain);
  const account = accounts.find(({ email }) => email === form?.get("account"));
  if (form && account) return { isAllowed: true, account, ticked: new Set(form.getAll("scope")) };
  return consentPage({
    ...question,
    application: world.oauthClients?.find(({ clientId }) => clientId === asked.clientId)?.name ?? asked.clientId,
    redirectUri: asked.redirectUri,
    accounts: accounts.map((each) => ({ email: each.email, name: ownerNameOf(each) })),
    chosen: accounts.find(isHinted(asked))?.email ?? null,
    problem: form ? "Choose an account." : null,
    action: request.url.pathname + request.url.search,
  });
}

/** Those of a provider, of one domain where the application asks for that. */
function accountsFor(world: World, provider: ProviderKind, domain: string | null): Account[] {
  return [...world.accounts.all()].filter(
    (account) => account.provider === provider && (domain === null || account.email.endsWith(`@${domain}`)),
  );
}

function isHinted({ loginHint }: AuthorizationRequest) {
  return ({ email }: Account) => email.toLowerCase() === loginHint?.toLowerCase();
}

/** The hinted account, where its user has allowed all of this before and need not be asked. */
export function alreadyAllowed(world: World, provider: ProviderKind, asked: AuthorizationRequest): Account | null {
  const account = accountsFor(world, provider, asked.domain).find(isHinted(asked));
  if (!account || account.isRevoked) return null;
  const allowed = world.consents.find(account.email, asked.clientId)?.scopes ?? [];
  return asked.scopes.every((scope) => allowed.includes(scope)) ? account : null;
}

/** A user who took the access back allows it anew: what was given before stays dead. */
export function giveAccessAgain(world: World, account: Account): void {
  if (!account.isRevoked) return;
  world.tokens.end(account.email);
  world.consents.forget(account.email);
  account.isRevoked = false;
}
