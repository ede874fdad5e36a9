/** How the simulated providers behave where real ones may behave either way. Set for all accounts at once. */
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
  /** A full list ends without a token to continue from. */
  isWithoutSyncToken: boolean;
}

export const USUAL_SCENARIO: Readonly<Scenario> = {
  pages: "full",
  hasDuplicates: false,
  deletedSeries: "instances",
  errorStyle: "both",
  isWithoutSyncToken: false,
};
