import { badArgument } from "../errors.js";

/** Without blanks and quotes to be trimmed or unwrapped on the way, the same in a header and in a document. */
const visibleCharacters = /^[\x21-\x7e]{1,255}$/;

/** What the schema tells of the argument. */
export const idempotencyKeyDescription =
  "1 to 255 visible ASCII characters. For 24 hours the same key with the same arguments answers from what was begun first, and begins nothing.";

/**
 * The client's name for what it asks for, so that it may ask again without doing it twice. Null where there is none.
 * @throws AppError BAD_USER_INPUT
 */
export function idempotencyKeyArgument(key: string | null | undefined): string | null {
  if (key == null) return null;
  if (visibleCharacters.test(key)) return key;
  throw badArgument("idempotencyKey", "idempotencyKey must have 1 to 255 visible ASCII characters.");
}
