/** Something asked of the stored calendars that cannot be done. The message is for whoever asked. */
export class StateError extends Error {
  override name = "StateError";

  constructor(
    readonly code: "missing" | "duplicate" | "cancelled" | "invalid",
    message: string,
  ) {
    super(message);
  }
}
