import type { Redemption } from "../consent/authorization-codes.js";
import type { Scenario } from "../scenario.js";
import type { Refusal } from "./aadsts.js";

/** How the token endpoint refuses an account whose access was taken back. */
export const REFUSED_GRANTS: Readonly<Record<Scenario["refusedGrant"], Refusal>> = {
  expired: {
    error: "invalid_grant",
    number: 700082,
    message: "The refresh token has expired due to inactivity. The token was inactive for 90.00:00:00.",
  },
  passwordChanged: {
    error: "invalid_grant",
    number: 50173,
    message: "The provided grant has expired due to it being revoked, a fresh auth token is needed.",
    suberror: "bad_token",
  },
  multiFactor: {
    error: "invalid_grant",
    number: 50076,
    message:
      "Due to a configuration change made by your administrator, or because you moved to a new location, you must use multi-factor authentication to access '00000003-0000-0000-c000-000000000000'.",
    suberror: "basic_action",
  },
  interactionRequired: {
    error: "interaction_required",
    number: 50079,
    message:
      "Due to a configuration change made by your administrator, you must enroll in multi-factor authentication.",
  },
  consent: {
    error: "invalid_grant",
    number: 65001,
    message: "The user or administrator has not consented to use the application.",
    suberror: "consent_required",
  },
  consentRequired: {
    error: "consent_required",
    number: 65001,
    message: "The user or administrator has not consented to use the application.",
  },
};

/** What is no code or token of ours. */
export function malformedGrant(parameter: string): Refusal {
  const message = `The provided value for the input parameter '${parameter}' is not valid.`;
  return { error: "invalid_grant", number: 70000, message };
}

/** How it refuses codes that cannot be redeemed. */
export const DEAD_CODES: Readonly<Record<Exclude<Redemption["outcome"], "redeemed">, Refusal>> = {
  unknown: malformedGrant("code"),
  expired: {
    error: "invalid_grant",
    number: 70008,
    message:
      "The provided authorization code or refresh token has expired due to inactivity. Send a new interactive authorization request for this user and resource.",
  },
  alreadyRedeemed: {
    error: "invalid_grant",
    number: 54005,
    message:
      "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing refresh token.",
  },
};
