import { registerEnumType } from "type-graphql";

export const SyncDirection = { PULL: "PULL", PUSH: "PUSH" } as const;
export type SyncDirection = keyof typeof SyncDirection;

export const SyncOperation = {
  LIST_CHANGES: "LIST_CHANGES",
  UPSERT: "UPSERT",
  DELETE: "DELETE",
  RESYNC: "RESYNC",
} as const;
export type SyncOperation = keyof typeof SyncOperation;

export const SyncErrorClass = {
  TRANSIENT: "TRANSIENT",
  RATE_LIMITED: "RATE_LIMITED",
  NON_RETRYABLE: "NON_RETRYABLE",
} as const;
export type SyncErrorClass = keyof typeof SyncErrorClass;

export const SyncAttemptStatus = { RUNNING: "RUNNING", SUCCESS: "SUCCESS", FAIL: "FAIL" } as const;
export type SyncAttemptStatus = keyof typeof SyncAttemptStatus;

export const SyncAttemptState = {
  RUNNING: "RUNNING",
  SUCCEEDED: "SUCCEEDED",
  OPEN: "OPEN",
  SUPERSEDED: "SUPERSEDED",
  RESOLVED: "RESOLVED",
} as const;
export type SyncAttemptState = keyof typeof SyncAttemptState;

export const SyncRunStatus = {
  QUEUED: "QUEUED",
  RUNNING: "RUNNING",
  RETRYING: "RETRYING",
  HELD: "HELD",
  SUCCEEDED: "SUCCEEDED",
  FAILED: "FAILED",
  CANCELLED: "CANCELLED",
} as const;
export type SyncRunStatus = keyof typeof SyncRunStatus;

export const SyncTrigger = {
  SCHEDULE: "SCHEDULE",
  MANUAL: "MANUAL",
  NOTIFICATION: "NOTIFICATION",
  CONNECT: "CONNECT",
  LOCAL_CHANGE: "LOCAL_CHANGE",
  RECOVERY: "RECOVERY",
} as const;
export type SyncTrigger = keyof typeof SyncTrigger;

export const SyncResultStatus = { SUCCESS: "SUCCESS", FAIL: "FAIL", RUNNING: "RUNNING" } as const;
export type SyncResultStatus = keyof typeof SyncResultStatus;

export const SyncRemedy = {
  NONE: "NONE",
  WAIT: "WAIT",
  REPLAY: "REPLAY",
  RECONNECT: "RECONNECT",
  CONFIRM_MASS_CANCEL: "CONFIRM_MASS_CANCEL",
  CHECK_CALENDAR: "CHECK_CALENDAR",
  CONTACT_OPERATOR: "CONTACT_OPERATOR",
} as const;
export type SyncRemedy = keyof typeof SyncRemedy;

registerEnumType(SyncDirection, { name: "SyncDirection" });
registerEnumType(SyncOperation, { name: "SyncOperation" });
registerEnumType(SyncErrorClass, { name: "SyncErrorClass" });
registerEnumType(SyncAttemptStatus, { name: "SyncAttemptStatus" });
registerEnumType(SyncAttemptState, { name: "SyncAttemptState" });
registerEnumType(SyncRunStatus, { name: "SyncRunStatus" });
registerEnumType(SyncTrigger, { name: "SyncTrigger" });
registerEnumType(SyncResultStatus, { name: "SyncResultStatus" });
registerEnumType(SyncRemedy, { name: "SyncRemedy" });
