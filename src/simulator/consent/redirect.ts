import type { Answer } from "../answer.js";

/** Parameters of an answer to an application; null ones are left out. */
export type AnswerParameters = Readonly<Record<string, string | null>>;

/** Leads the browser to an address with more parameters in its query, or with these as its fragment. */
export function redirectTo(uri: string, parameters: AnswerParameters, part: "query" | "fragment" = "query"): Answer {
  const url = new URL(uri);
  const added = new URLSearchParams(given(parameters));
  if (part === "fragment") url.hash = added.toString();
  else for (const [name, value] of added) url.searchParams.append(name, value);
  return { status: 302, headers: { location: url.href, "cache-control": "no-store" }, body: "" };
}

export function given(parameters: AnswerParameters): Record<string, string> {
  return Object.fromEntries(Object.entries(parameters).filter((entry): entry is [string, string] => entry[1] !== null));
}
