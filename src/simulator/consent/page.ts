import { createHash } from "node:crypto";
import type { ProviderKind } from "../accounts.js";
import type { Answer } from "../answer.js";
import { Html, html } from "./html.js";

const NAMES: Readonly<Record<ProviderKind, string>> = { google: "Google", microsoft: "Microsoft" };

const STYLE = `
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { margin: 0; display: grid; min-height: 100vh; place-items: center; background: light-dark(#f1f3f4, #202124); }
main { box-sizing: border-box; width: min(30rem, 100%); padding: 2rem; border-radius: 0.75rem;
  background: light-dark(#fff, #303134); box-shadow: 0 1px 4px #0004; }
h1 { margin: 0.25rem 0 1rem; font-size: 1.4rem; line-height: 1.3; overflow-wrap: anywhere; }
fieldset { margin: 0 0 1.25rem; padding: 0; border: 0; }
legend { padding: 0; font-weight: 600; }
label, li { display: flex; gap: 0.6rem; align-items: start; padding: 0.4rem 0; }
input { flex: none; width: 1.1rem; height: 1.1rem; margin: 0.2rem 0 0; }
small, .provider { color: light-dark(#5f6368, #bdc1c6); }
small { display: block; overflow-wrap: anywhere; }
ul { margin: 0; padding: 0; list-style: none; }
.problem { padding: 0.6rem 0.8rem; border-left: 4px solid #d93025; background: light-dark(#fce8e6, #5c2b29); }
.answers { display: flex; flex-wrap: wrap; gap: 0.75rem; justify-content: end; }
button { padding: 0.55rem 1.4rem; border: 1px solid #1a73e8; border-radius: 0.3rem; font: inherit; cursor: pointer;
  color: light-dark(#1a73e8, #8ab4f8); background: transparent; }
button.main { color: #fff; background: #1a73e8; }
:focus-visible { outline: 3px solid light-dark(#174ea6, #aecbfa); outline-offset: 2px; }
`;

/** Its text is exactly what the policy allows by its hash. */
const STYLE_ELEMENT = new Html(`<style>${STYLE}</style>`);

const HEADERS = {
  "content-type": "text/html; charset=utf-8",
  "cache-control": "no-store",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "content-security-policy": `default-src 'none'; style-src 'sha256-${createHash("sha256").update(STYLE).digest("base64")}'; base-uri 'none'; frame-ancestors 'none'`,
};

export interface AskedScope {
  scope: string;
  meaning: string;
  /** The user may allow the rest without it. */
  isOptional: boolean;
}

export interface ConsentQuestion {
  provider: ProviderKind;
  application: string;
  /** Where the answer leads to. */
  redirectUri: string;
  accounts: readonly { email: string; name: string }[];
  /** The account chosen so far. */
  chosen: string | null;
  scopes: readonly AskedScope[];
  /** What was wrong with an earlier answer. */
  problem: string | null;
  /** Where the answer is sent: path and query. */
  action: string;
}

/** Asks a user for consent: `account`, `scope` (each optional one that is allowed) and `decision` (`allow` or `deny`) come back as a form. */
export function consentPage(question: ConsentQuestion): Answer {
  const { application, redirectUri, problem, action } = question;
  const main = html`<h1>${application} wants access to your account</h1>
    ${problem === null ? null : html`<p class="problem" role="alert">${problem}</p>`}
    <form method="post" action="${action}">
      ${accountChoice(question)} ${scopeChoice(question)}
      <p><small>Your answer is sent to ${redirectUri}</small></p>
      <div class="answers">
        <button name="decision" value="deny" formnovalidate>Deny</button>
        <button name="decision" value="allow" class="main">Allow</button>
      </div>
    </form>`;
  return page(problem === null ? 200 : 400, question.provider, "Sign in", main);
}

function accountChoice({ accounts, chosen }: ConsentQuestion): Html {
  const only = accounts.length === 1 ? accounts[0]?.email : undefined;
  const choices = accounts.map(({ email, name }) => {
    const checked = email === (chosen ?? only) ? new Html(" checked") : null;
    return html`<label
      ><input type="radio" name="account" value="${email}" required${checked} /><span
        >${name}<small>${email}</small></span
      ></label
    >`;
  });
  return html`<fieldset>
    <legend>Choose an account</legend>
    ${choices.length === 0 ? [html`<p>There is no account to choose from.</p>`] : choices}
  </fieldset>`;
}

/** Optional scopes are ticked to begin with. */
function scopeChoice({ application, scopes }: ConsentQuestion): Html {
  const lines = scopes.map(({ scope, meaning, isOptional }) => {
    const told = html`<span>${meaning}<small>${scope}</small></span>`;
    return isOptional
      ? html`<li>
          <label><input type="checkbox" name="scope" value="${scope}" checked />${told}</label>
        </li>`
      : html`<li>${told}</li>`;
  });
  return html`<fieldset>
    <legend>${application} will be able to</legend>
    <ul>
      ${lines}
    </ul>
  </fieldset>`;
}

/** A refusal that is shown to the user, because the application's address cannot be trusted or is unknown. */
export function errorPage(provider: ProviderKind, error: { status?: number; title: string; text: string }): Answer {
  const main = html`<h1>${error.title}</h1>
    <p class="problem" role="alert">${error.text}</p>`;
  return page(error.status ?? 400, provider, "Error", main);
}

/** Sends an answer to the application as a form (OAuth 2.0 Form Post Response Mode), at the press of a button. */
export function formPostPage(provider: ProviderKind, uri: string, fields: Readonly<Record<string, string>>): Answer {
  const inputs = Object.entries(fields).map(
    ([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`,
  );
  const main = html`<h1>Back to the application</h1>
    <form method="post" action="${uri}">
      ${inputs}
      <div class="answers"><button class="main">Continue</button></div>
    </form>`;
  return page(200, provider, "Continue", main);
}

function page(status: number, provider: ProviderKind, title: string, main: Html): Answer {
  const name = `${NAMES[provider]} (simulated)`;
  const { markup } = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title} – ${name}</title>
        ${STYLE_ELEMENT}
      </head>
      <body>
        <main>
          <div class="provider">${name}</div>
          ${main}
        </main>
      </body>
    </html>`;
  return { status, headers: HEADERS, body: markup };
}
