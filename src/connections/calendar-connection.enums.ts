import { registerEnumType } from "type-graphql";

export const CalendarProvider = { GOOGLE: "GOOGLE", MICROSOFT: "MICROSOFT" } as const;
export type CalendarProvider = keyof typeof CalendarProvider;

export const CalendarConnectionStatus = { ACTIVE: "ACTIVE", PAUSED: "PAUSED", REVOKED: "REVOKED" } as const;
export type CalendarConnectionStatus = keyof typeof CalendarConnectionStatus;

export const ConnectionStatusReason = {
  MANAGER: "MANAGER",
  CREDENTIALS_REFUSED: "CREDENTIALS_REFUSED",
  CONSENT_NEEDED: "CONSENT_NEEDED",
  CALENDAR_NOT_FOUND: "CALENDAR_NOT_FOUND",
  MAILBOX_UNAVAILABLE: "MAILBOX_UNAVAILABLE",
  DISCONNECTED: "DISCONNECTED",
} as const;
export type ConnectionStatusReason = keyof typeof ConnectionStatusReason;

export const ConnectionHealth = {
  HEALTHY: "HEALTHY",
  DELAYED: "DELAYED",
  STALE: "STALE",
  ACTION_NEEDED: "ACTION_NEEDED",
  PAUSED: "PAUSED",
} as const;
export type ConnectionHealth = keyof typeof ConnectionHealth;

registerEnumType(CalendarProvider, { name: "CalendarProvider" });
registerEnumType(CalendarConnectionStatus, { name: "CalendarConnectionStatus" });
registerEnumType(ConnectionStatusReason, { name: "ConnectionStatusReason" });
registerEnumType(ConnectionHealth, { name: "ConnectionHealth" });
