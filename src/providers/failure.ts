import { providerErrorCodes, type ProviderErrorCode } from "./error-codes.js";
import { ProviderFailure, type ProviderFailureDetails } from "./provider.js";

type OptionalDetails = Partial<Omit<ProviderFailureDetails, "errorClass" | "errorCode">>;

/** A failure with the class and the sentence of its code. Left out: the action is FAIL, everything else is null. */
export function providerFailure(errorCode: ProviderErrorCode, details: OptionalDetails = {}): ProviderFailure {
  const { errorClass, sentence } = providerErrorCodes[errorCode];
  return new ProviderFailure(sentence, {
    errorClass,
    errorCode,
    action: details.action ?? { kind: "FAIL" },
    // Whoever never tries again waits for nothing.
    retryAfterSeconds: errorClass === "NON_RETRYABLE" ? null : (details.retryAfterSeconds ?? null),
    providerStatus: details.providerStatus ?? null,
    providerRequestId: details.providerRequestId ?? null,
    cause: details.cause,
  });
}
