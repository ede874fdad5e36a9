import type { Answer } from "../answer.js";
import { formPostPage } from "../consent/page.js";
import { given, redirectTo } from "../consent/redirect.js";
import type { AnswerParameters } from "../consent/redirect.js";
import type { World } from "../world.js";
import { describedRefusal } from "./aadsts.js";
import type { Refusal } from "./aadsts.js";

/** Where the answer to an authorization request goes, and how. */
export interface ReturnAddress {
  redirectUri: string;
  mode: "query" | "fragment" | "form_post";
  state: string | null;
}

export function refusalTo(world: World, address: ReturnAddress, refusal: Refusal): Answer {
  const { description, uri } = describedRefusal(world, refusal);
  const subcode = refusal.suberror ?? null;
  return answerTo(address, {
    ...{ error: refusal.error, error_subcode: subcode, error_description: description, error_uri: uri },
    state: address.state,
  });
}

export function answerTo({ redirectUri, mode }: ReturnAddress, parameters: AnswerParameters): Answer {
  if (mode === "form_post") return formPostPage("microsoft", redirectUri, given(parameters));
  return redirectTo(redirectUri, parameters, mode);
}
