import { z } from "zod";
import { apiRootSchema, renderApiRoot } from "./api-root.js";
import {
  attemptExistence,
  attemptPageSchema,
  attemptSchema,
  renderAttempt,
  renderAttempts,
  syncAttemptDocument,
  syncAttemptsDocument,
  type AttemptPage,
} from "./attempts.js";
import {
  connectionDocument,
  connectionExistence,
  connectionPageSchema,
  connectionSchema,
  connectionsDocument,
  renderConnection,
  renderConnections,
  type Connections,
} from "./connections.js";
import {
  connectionFailuresDocument,
  connectionFailuresSchema,
  failedAttemptsDocument,
  failedAttemptsQuery,
  failedAttemptsSchema,
  failureKinds,
  renderConnectionFailures,
  renderFailedAttempts,
  totalFailures,
} from "./failed-attempts.js";
import { pageParameters } from "./numbered-page.js";
import { deedValues } from "./outcome.js";
import { openApiRoute } from "./openapi-route.js";
import { actionAnswers, listAnswers, readAnswers, replayAnswers } from "./refusals.js";
import { renderReplay, replayDocument, replayedSchema, replayFailedSchema } from "./replay.js";
import {
  appointmentExistence,
  appointmentResyncedSchema,
  appointmentResyncFailedSchema,
  connectionResyncedSchema,
  connectionResyncFailedSchema,
  renderAppointmentResync,
  renderConnectionResync,
  resyncAppointmentDocument,
  resyncBody,
  resyncConnectionDocument,
  resyncConnectionVariables,
} from "./resync.js";
import { route, type Route } from "./route.js";
import { renderSyncRun, syncRunDocument, syncRunSchema } from "./sync-run.js";
import { renderSyncStatus, syncStatusDocument, syncStatusSchema } from "./sync-status.js";

/** All routes lie below it. */
export const prefix = "/api/calendar/admin/";

const noParameters = z.strictObject({});
const numberedPages = z.strictObject(pageParameters);
const noFields = z.strictObject({});

const read = { method: "GET", isAction: false, query: noParameters, body: null, existence: null } as const;
const action = { method: "POST", isAction: true, query: noParameters, body: noFields } as const;

const described: readonly Route[] = [
  route({
    ...read,
    path: "",
    name: "Api Root",
    description: "The URLs of the lists.",
    document: null,
    answers: { ...readAnswers, 200: apiRootSchema },
    render: renderApiRoot,
  }),
  route({
    ...action,
    path: "connections/{id}/resync/",
    name: "Resync",
    description: "Reads a connection's calendar anew: its whole window, or what lies between two dates.",
    body: resyncBody,
    document: resyncConnectionDocument,
    existence: connectionExistence,
    variables: resyncConnectionVariables,
    answers: { ...actionAnswers, 200: connectionResyncedSchema, 424: connectionResyncFailedSchema },
    render: renderConnectionResync,
  }),
  route({
    ...action,
    path: "appointments/{id}/resync/",
    name: "Resync",
    description:
      "Reads one appointment's event anew; one that is gone at the provider is cancelled, which is a success.",
    document: resyncAppointmentDocument,
    existence: appointmentExistence,
    variables: deedValues,
    answers: { ...actionAnswers, 200: appointmentResyncedSchema, 424: appointmentResyncFailedSchema },
    render: renderAppointmentResync,
  }),
  route({
    ...read,
    path: "connections/{id}/sync-status/",
    name: "Sync status",
    description: "How the synchronisation of one connection stands, with its statistics.",
    document: syncStatusDocument,
    answers: { ...readAnswers, 200: syncStatusSchema },
    render: renderSyncStatus,
  }),
  route({
    ...read,
    path: "connections/{id}/failed-attempts/",
    name: "Failed attempts",
    description: "Failures of one connection that nothing has resolved yet, newest first.",
    query: failedAttemptsQuery,
    document: connectionFailuresDocument,
    existence: connectionExistence,
    variables: failureKinds,
    paging: { defaultSize: 200, totalOf: totalFailures },
    answers: { ...listAnswers, 200: connectionFailuresSchema },
    render: renderConnectionFailures,
  }),
  route({
    ...action,
    path: "sync-attempts/{id}/replay/",
    name: "Replay",
    description: "Runs a failed attempt's whole intent again, now.",
    document: replayDocument,
    existence: attemptExistence,
    variables: deedValues,
    answers: { ...replayAnswers, 200: replayedSchema, 424: replayFailedSchema },
    render: renderReplay,
  }),
  route({
    ...read,
    path: "sync-attempts/failed/",
    name: "Failed",
    description: "Failures of the firm's connections that nothing has resolved yet, newest first.",
    query: failedAttemptsQuery,
    document: failedAttemptsDocument,
    variables: failureKinds,
    paging: { defaultSize: 50, totalOf: totalFailures },
    answers: { ...listAnswers, 200: failedAttemptsSchema },
    render: renderFailedAttempts,
  }),
  route({
    ...read,
    path: "sync-runs/{correlation_id}/",
    name: "Sync run",
    description: "How one run stands, and how it ended.",
    document: syncRunDocument,
    answers: { ...readAnswers, 200: syncRunSchema },
    render: renderSyncRun,
  }),
  route({
    ...read,
    path: "connections/",
    name: "Calendar Connection Admin List",
    description: "The firm's connections, newest first.",
    query: numberedPages,
    document: connectionsDocument,
    paging: { defaultSize: 50, totalOf: ({ calendarConnections }: Connections) => calendarConnections.totalCount },
    answers: { ...listAnswers, 200: connectionPageSchema },
    render: renderConnections,
  }),
  route({
    ...read,
    path: "connections/{id}/",
    name: "Calendar Connection Admin Instance",
    description: "One connection.",
    document: connectionDocument,
    answers: { ...readAnswers, 200: connectionSchema },
    render: renderConnection,
  }),
  route({
    ...read,
    path: "sync-attempts/",
    name: "Sync Attempt Log Admin List",
    description: "Attempts of any outcome, newest first.",
    query: numberedPages,
    document: syncAttemptsDocument,
    paging: { defaultSize: 50, totalOf: ({ syncAttempts }: { syncAttempts: AttemptPage }) => syncAttempts.totalCount },
    answers: { ...listAnswers, 200: attemptPageSchema },
    render: renderAttempts,
  }),
  route({
    ...read,
    path: "sync-attempts/{id}/",
    name: "Sync Attempt Log Admin Instance",
    description: "One attempt.",
    document: syncAttemptDocument,
    answers: { ...readAnswers, 200: attemptSchema },
    render: renderAttempt,
  }),
];

/** The whole surface, a row a route. A row is all that a route needs. */
export const routes: readonly Route[] = [...described, openApiRoute({ prefix, routes: described })];
