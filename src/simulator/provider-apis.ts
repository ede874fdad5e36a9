import type { ProviderKind } from "./accounts.js";
import type { Answer, IncomingRequest } from "./answer.js";
import { googleAccountOf, googleAnswer, isGooglePath } from "./google/routes.js";
import { isMicrosoftPath, mailboxOf, microsoftAccountOf, microsoftAnswer } from "./microsoft/routes.js";
import type { World } from "./world.js";

/** A provider as the HTTP side sees it. */
export interface ProviderApi {
  provider: ProviderKind;
  isPath: (path: string) => boolean;
  accountOf: (world: World, request: IncomingRequest) => string | null;
  answer: (world: World, request: IncomingRequest) => Answer | Promise<Answer>;
  /** Whose limits a request counts towards; null where none does. */
  mailboxOf: (world: World, request: IncomingRequest) => string | null;
}

export const PROVIDERS: readonly ProviderApi[] = [
  {
    provider: "google",
    isPath: isGooglePath,
    accountOf: googleAccountOf,
    answer: googleAnswer,
    mailboxOf: () => null,
  },
  {
    provider: "microsoft",
    isPath: isMicrosoftPath,
    accountOf: microsoftAccountOf,
    answer: microsoftAnswer,
    mailboxOf,
  },
];
