/** A user at a consent page, without a browser. */
export interface UsersAnswer {
  /** Default the one that is chosen already. */
  account?: string;
  /** Default `allow`. */
  decision?: "allow" | "deny";
  /** Scopes whose tick is taken away. */
  untick?: readonly string[];
}

/** Opens a consent page and answers it: where that leads the browser to, with the provider's parameters. */
export async function answerConsent(pageUrl: string | URL, answer: UsersAnswer = {}): Promise<URL> {
  const response = await sendAnswer(pageUrl, answer);
  const location = response.headers.get("location");
  if (location === null) throw new Error(`No redirect but ${response.status}: ${await response.text()}`);
  return new URL(location);
}

/** The same, up to the answer of the page that the form was sent to. */
export async function sendAnswer(pageUrl: string | URL, answer: UsersAnswer): Promise<Response> {
  const opened = await fetch(pageUrl, { redirect: "manual" });
  const page = await opened.text();
  if (opened.status !== 200) throw new Error(`No consent page but ${opened.status}: ${page}`);
  const form = new URLSearchParams({ decision: answer.decision ?? "allow" });
  const account = answer.account ?? /name="account" value="([^"]*)"\s+required checked/.exec(page)?.[1];
  if (account !== undefined) form.set("account", account);
  for (const [, scope = ""] of page.matchAll(/name="scope" value="([^"]*)" checked/g)) {
    if (!answer.untick?.includes(scope)) form.append("scope", scope);
  }
  const action = unescaped(/<form method="post" action="([^"]*)"/.exec(page)?.[1] ?? "");
  return fetch(new URL(action, pageUrl), { method: "POST", body: form, redirect: "manual" });
}

/** The hidden fields of a page that posts an answer to the application, and where it posts them. */
export function postedAnswer(page: string): { action: string; fields: Record<string, string> } {
  const inputs = page.matchAll(/type="hidden" name="([^"]*)" value="([^"]*)"/g);
  const fields = Object.fromEntries([...inputs].map(([, name = "", value = ""]) => [name, unescaped(value)]));
  return { action: unescaped(/<form method="post" action="([^"]*)"/.exec(page)?.[1] ?? ""), fields };
}

/** What a reader sees of a page. */
export function textOf(page: string): string {
  const body = page.replace(/<style>[^]*<\/style>/, "");
  return unescaped(body.replace(/<[^>]*>/g, " ")).replace(/\s+/g, " ");
}

function unescaped(text: string): string {
  return text
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&#39;", "'")
    .replaceAll("&amp;", "&");
}
