/** What a browser is told when a consent leads nowhere: with which status, and in which words. */
interface Refusal {
  status: number;
  title: string;
  text: string;
}

const startAgain = "Nothing was connected. Start again from where you came.";

export const refusals = {
  REQUEST_MALFORMED: {
    status: 400,
    title: "This request cannot be read",
    text: `Something is missing from it, or there twice. ${startAgain}`,
  },
  LINK_NOT_VALID: {
    status: 400,
    title: "This link is not valid",
    text: `It has been used, has expired, or never was one. ${startAgain}`,
  },
  OTHER_BROWSER: {
    status: 403,
    title: "This is another browser",
    text: "Connecting a calendar ends in the browser in which it was begun, with cookies allowed. Nothing was connected.",
  },
  CONSENT_DENIED: {
    status: 403,
    title: "Access was not granted",
    text: `The calendar's user has declined. ${startAgain}`,
  },
  CONSENT_REFUSED: {
    status: 403,
    title: "Access could not be granted",
    text: "The provider does not let this account agree by itself: its administrator has to. Nothing was connected.",
  },
  PERMISSIONS_MISSING: {
    status: 403,
    title: "A permission is missing",
    text: `Every permission asked for is needed: to see the list of calendars, and to read and change their events. ${startAgain}`,
  },
  NO_LASTING_ACCESS: {
    status: 403,
    title: "Access was not granted for good",
    text: `The provider has given access for an hour only. Take this application's access back in the account's settings, then start again. Nothing was connected.`,
  },
  CODE_REFUSED: {
    status: 400,
    title: "The provider does not confirm this",
    text: `It refused the code that the browser has brought from there. ${startAgain}`,
  },
  OTHER_ACCOUNT: {
    status: 409,
    title: "This is another account",
    text: "The connection belongs to another account than the one that has just agreed. Nothing was changed. Start again and choose the connection's own account.",
  },
  NO_CALENDARS: {
    status: 422,
    title: "There is no calendar",
    text: "This account has no calendar that can be read. Nothing was connected.",
  },
  NO_SUCH_CALENDAR: {
    status: 400,
    title: "There is no such calendar",
    text: `It is not one of those that the account has. ${startAgain}`,
  },
  ALREADY_CONNECTED: {
    status: 409,
    title: "This calendar is already connected",
    text: "It is synced already, so nothing was changed.",
  },
  CONNECTION_GONE: {
    status: 404,
    title: "This connection does not exist any more",
    text: "It was removed meanwhile. Nothing was connected.",
  },
  PROVIDER_UNAVAILABLE: {
    status: 503,
    title: "The provider does not answer",
    text: `It is temporarily unavailable. Nothing was connected. Start again in a while from where you came.`,
  },
  SERVER_REFUSED: {
    status: 502,
    title: "The provider refuses this server",
    text: "Its registration at the provider has to be looked at by whoever operates it. Nothing was connected.",
  },
  METHOD_NOT_ALLOWED: {
    status: 405,
    title: "This page cannot be asked for so",
    text: startAgain,
  },
  BODY_TOO_LARGE: { status: 413, title: "This request is too large", text: startAgain },
  BODY_NOT_A_FORM: { status: 415, title: "This is not the page's form", text: startAgain },
  UNAVAILABLE: {
    status: 503,
    title: "This server cannot answer now",
    text: "Try again in a moment.",
  },
  INTERNAL_ERROR: {
    status: 500,
    title: "Something went wrong",
    text: "It is a fault of this server. Nothing was connected.",
  },
} as const satisfies Record<string, Refusal>;

export type RefusalCode = keyof typeof refusals;

/** A consent ends, or a request of its browser is not answered. */
export class ConsentRefusedError extends Error {
  constructor(
    readonly refusal: RefusalCode,
    /** Where the browser may be sent back to; null where that is unknown. */
    readonly returnUrl: string | null = null,
    options?: ErrorOptions,
  ) {
    super(refusal, options);
    this.name = "ConsentRefusedError";
  }
}
