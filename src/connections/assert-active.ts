import { AppError } from "../errors.js";
import type { CalendarConnection } from "./calendar-connection.entity.js";

/** @throws AppError BAD_USER_INPUT with reason CONNECTION_REVOKED or CONNECTION_PAUSED */
export function assertActive({ status }: CalendarConnection): void {
  switch (status) {
    case "REVOKED":
      throw revoked();
    case "PAUSED":
      throw new AppError("BAD_USER_INPUT", "This connection is paused", { reason: "CONNECTION_PAUSED" });
    case "ACTIVE":
  }
}

/** Nothing can be asked of it before it is reconnected. */
export function revoked(): AppError {
  return new AppError("BAD_USER_INPUT", "This connection is revoked; reconnect it first", {
    reason: "CONNECTION_REVOKED",
  });
}
