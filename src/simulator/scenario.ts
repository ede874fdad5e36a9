/** How the simulated providers behave where real ones may behave either way: to all accounts, or otherwise to one of them. */
export interface Scenario {
  /**
   * `full`: as many items a page as asked for. `short`: about half, with more pages. `empty`: every second page holds nothing and
   * names the next. `endless`: there is always another, empty page. `repeated`: the next page is always the same one.
   */
  pages: "full" | "short" | "empty" | "endless" | "repeated";
  /** The last item of a page comes again on the next page. */
  hasDuplicates: boolean;
  /** What a client that expands series is told when a series is deleted: every instance, or just the series' id. */
  deletedSeries: "instances" | "series";
  /** Google's error bodies: the older `errors` list, the newer `status` and `details`, or both at once. */
  errorStyle: "both" | "older" | "newer";
  /** Google: the user has written too much, and every write is refused for now. */
  isWriteQuotaExceeded: boolean;
  /** The share of notifications that get lost, from 0 to 1; first messages and validations never are. */
  notificationLoss: number;
  /** A full list ends without a token to continue from. */
  isWithoutSyncToken: boolean;
  /** Microsoft: the order of a round's items. `arbitrary` tells instances before their series, too. */
  itemOrder: "creation" | "arbitrary";
  /** Microsoft: a round begins with the last few changes of the round before. */
  hasReplays: boolean;
  /** Microsoft: whether the deletion of a single instance of a series is told at all. */
  deletedOccurrence: "reported" | "silent";
  /**
   * Microsoft: how a sync state that is gone is answered. `gone`: 410 SyncStateNotFound with a Location; `badRequest` and
   * `notFound`: 400 and 404 syncStateNotFound; `resyncRequired`: 410 of that name.
   */
  expiredState: "gone" | "badRequest" | "notFound" | "resyncRequired";
  /** Microsoft: a refresh token dies when it is used. */
  isRotationStrict: boolean;
  /** Microsoft: why the token endpoint refuses an account whose access was taken back. */
  refusedGrant: "expired" | "passwordChanged" | "multiFactor" | "interactionRequired" | "consent" | "consentRequired";
  /** Microsoft: the API refuses such an account with a claims challenge instead of a bad token. */
  isClaimsChallenge: boolean;
  /** Microsoft: the status of an answer that is over the mailbox's concurrency. */
  mailboxConcurrencyStatus: 429 | 503;
  /** Microsoft: the status of the refusal to create an event twice under one `transactionId`. */
  duplicateTransactionStatus: 400 | 409;
  /** Microsoft: whether that refusal names the event that there is. */
  hasExistingEventId: boolean;
  /** Microsoft: the name of the zone an event was created in. `custom` is what accepted invitations of other systems may have. */
  originalTimeZone: "windows" | "iana" | "custom";
}

/** What may be otherwise to one account than to all others. */
export type AccountScenario = Pick<
  Scenario,
  | "pages"
  | "hasDuplicates"
  | "deletedSeries"
  | "errorStyle"
  | "isWithoutSyncToken"
  | "itemOrder"
  | "hasReplays"
  | "deletedOccurrence"
  | "expiredState"
  | "duplicateTransactionStatus"
  | "hasExistingEventId"
  | "originalTimeZone"
>;

export const USUAL_SCENARIO: Readonly<Scenario> = {
  pages: "full",
  hasDuplicates: false,
  deletedSeries: "instances",
  errorStyle: "both",
  isWriteQuotaExceeded: false,
  notificationLoss: 0,
  isWithoutSyncToken: false,
  itemOrder: "creation",
  hasReplays: false,
  deletedOccurrence: "reported",
  expiredState: "gone",
  isRotationStrict: false,
  refusedGrant: "expired",
  isClaimsChallenge: false,
  mailboxConcurrencyStatus: 429,
  duplicateTransactionStatus: 409,
  hasExistingEventId: false,
  originalTimeZone: "windows",
};
