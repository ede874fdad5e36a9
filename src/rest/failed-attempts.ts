import { z } from "zod";
import { ok, type Answer } from "./answer.js";
import { attemptFields, failureExample, failureOf, failureShape, type AttemptPage } from "./attempts.js";
import { countSchema, idNumber, idSchema } from "./json-values.js";
import { envelopeSchema, pageParameters } from "./numbered-page.js";
import type { Asked } from "./route.js";

const kinds = "$includeExhausted: Boolean!, $includeClosed: Boolean!, $first: Int!, $offset: Int!";
const kindArguments =
  "includeExhausted: $includeExhausted, includeClosed: $includeClosed, first: $first, offset: $offset";
const page = `{ totalCount nodes { ${attemptFields} } }`;

/** The connection is asked for as well: a list of a connection that does not exist would be an empty one. */
export const connectionFailuresDocument = `query ConnectionFailedAttempts($id: ID!, ${kinds}) {
  calendarConnection(id: $id) { id }
  failedAttempts(connectionId: $id, ${kindArguments}) ${page}
}`;

export const failedAttemptsDocument = `query FailedAttempts(${kinds}) { failedAttempts(${kindArguments}) ${page} }`;

const flag = (description: string) =>
  z
    .string()
    .optional()
    .meta({ description: `${description} True for t, true, y, yes, on and 1 in any case; else false.` });

export const failedAttemptsQuery = z.strictObject({
  include_exhausted: flag("Also those whose retries are used up."),
  include_closed: flag("Also superseded and resolved ones."),
  ...pageParameters,
});

export function failureKinds({ parameters }: Asked) {
  return {
    includeExhausted: isTrue(parameters.get("include_exhausted")),
    includeClosed: isTrue(parameters.get("include_closed")),
  };
}

function isTrue(text: string | undefined): boolean {
  return /^(t|true|y|yes|on|1)$/i.test(text ?? "");
}

const ofConnectionExample = { attempt_id: 789, ...failureExample };
const ofFirmExample = { attempt_id: 789, connection_id: 123, ...failureExample };

const ofConnection = z
  .strictObject({ attempt_id: idSchema, ...failureShape })
  .meta({ id: "FailedAttemptOfConnection", examples: [ofConnectionExample] });
const ofFirm = z
  .strictObject({ attempt_id: idSchema, connection_id: idSchema, ...failureShape })
  .meta({ id: "FailedAttempt", examples: [ofFirmExample] });

export const connectionFailuresSchema = z
  .strictObject({ connection_id: idSchema, ...listShape(ofConnection) })
  .meta({ examples: [{ connection_id: 123, ...listExample(ofConnectionExample) }] });
export const failedAttemptsSchema = z.strictObject(listShape(ofFirm)).meta({ examples: [listExample(ofFirmExample)] });

function listShape(attempt: z.ZodType) {
  return {
    failed_attempts: z.array(attempt).meta({ description: "Newest first." }),
    total_count: countSchema.meta({ description: "Rows of the whole list." }),
    ...envelopeSchema(attempt),
  };
}

function listExample(attempt: object) {
  return { failed_attempts: [attempt], total_count: 1, count: 1, next: null, previous: null, results: [attempt] };
}

interface FailedAttempts {
  failedAttempts: AttemptPage;
}

export function renderConnectionFailures(
  data: FailedAttempts & { calendarConnection: { id: string } },
  asked: Asked,
): Answer {
  const rows = data.failedAttempts.nodes.map((one) => ({ attempt_id: idNumber(one.id), ...failureOf(one) }));
  const { totalCount } = data.failedAttempts;
  return ok({ connection_id: idNumber(data.calendarConnection.id), ...listBody(totalCount, rows, asked) });
}

export function renderFailedAttempts({ failedAttempts: { totalCount, nodes } }: FailedAttempts, asked: Asked): Answer {
  const rows = nodes.map((one) => ({
    attempt_id: idNumber(one.id),
    connection_id: idNumber(one.connectionId),
    ...failureOf(one),
  }));
  return ok(listBody(totalCount, rows, asked));
}

/** Both forms at once: the one that its clients know, and the envelope of a page. */
function listBody(totalCount: number, rows: object[], asked: Asked): object {
  return { failed_attempts: rows, total_count: totalCount, ...asked.envelope(totalCount, rows) };
}

export function totalFailures({ failedAttempts }: FailedAttempts): number {
  return failedAttempts.totalCount;
}
