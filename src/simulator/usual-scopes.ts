import type { ProviderKind } from "./accounts.js";
import { USUAL_GOOGLE_SCOPES } from "./google/authorization.js";
import { USUAL_GRAPH_SCOPES } from "./microsoft/scopes.js";

/** What a user grants where nobody says otherwise. */
export function usualScopes(provider: ProviderKind): readonly string[] {
  return provider === "google" ? USUAL_GOOGLE_SCOPES : USUAL_GRAPH_SCOPES;
}
