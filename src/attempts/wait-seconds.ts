import { badArgument } from "../errors.js";

const longestWaitSeconds = 25;

/** @throws AppError BAD_USER_INPUT */
export function checkedWaitSeconds(waitSeconds: number): number {
  if (waitSeconds >= 0 && waitSeconds <= longestWaitSeconds) return waitSeconds;
  throw badArgument("waitSeconds", `waitSeconds must be from 0 to ${longestWaitSeconds}.`);
}
