import { textArgument } from "../graphql/text.js";

const longestReason = 500;

/**
 * Why a manager does something: goes into the audit.
 * @throws AppError BAD_USER_INPUT
 */
export function reasonArgument(reason: string | null | undefined): string | null {
  return textArgument("reason", reason, longestReason);
}
