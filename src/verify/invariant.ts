/** Something that holds in every committed state of the database, also while servers work on it. */
export interface Invariant {
  /** Kebab case and stable: operators and tests call it by this. */
  name: string;
  /** What holds, for a human. */
  sentence: string;
  /** One query that selects what violates it: a row for each case, `firm_id` and other ids as its columns. Run on the system login. */
  violations: string;
}
