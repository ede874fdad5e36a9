import { badArgument } from "../errors.js";

/**
 * Text that the database can take and compare: null where it is absent.
 * @throws AppError BAD_USER_INPUT naming the argument, for a NUL, a lone surrogate or more characters than `longest`
 */
export function textArgument(argument: string, text: string | null | undefined, longest: number): string | null {
  if (text == null) return null;
  if (text.length > longest) throw badArgument(argument, `${argument} must have at most ${longest} characters.`);
  if (text.includes("\0") || !text.isWellFormed())
    throw badArgument(argument, `${argument} has characters that no text has.`);
  return text;
}
