import type { Answer, IncomingRequest } from "../answer.js";

/** A refusal of Graph, in the words of the real service. */
export class GraphError extends Error {
  override name = "GraphError";

  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly headers: Readonly<Record<string, string>> = {},
    /** What the body's error says besides. */
    readonly details: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }
}

export function itemNotFound(): GraphError {
  return new GraphError(404, "ErrorItemNotFound", "The specified object was not found in the store.");
}

export function malformedId(): GraphError {
  return new GraphError(400, "ErrorInvalidIdMalformed", "Id is malformed.");
}

export function noSuchSegment(segment: string): GraphError {
  return new GraphError(404, "BadRequest", `Resource not found for the segment '${segment}'.`);
}

export function invalidParameter(message: string): GraphError {
  return new GraphError(400, "ErrorInvalidParameter", message);
}

export function badQuery(message: string): GraphError {
  return new GraphError(400, "BadRequest", message);
}

/** A value that the event cannot have. */
export function invalidProperty(message: string): GraphError {
  return new GraphError(400, "ErrorPropertyValidationFailure", message);
}

export function unsupportedZone(name: string): GraphError {
  const message = `A valid TimeZone value must be specified. The following TimeZone value is not supported: '${name}'.`;
  return new GraphError(400, "TimeZoneNotSupportedException", message);
}

const JSON_TYPE =
  "application/json; odata.metadata=minimal; odata.streaming=true; IEEE754Compatible=false; charset=utf-8";

/** Which answer belongs to which request, for both sides' logs. */
export interface RequestIds {
  requestId: string;
  clientRequestId: string;
}

/** A body of null is none. */
export function graphAnswer(
  status: number,
  body: unknown,
  ids: RequestIds,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return {
    status,
    headers: {
      "content-type": JSON_TYPE,
      "cache-control": "private",
      "request-id": ids.requestId,
      "client-request-id": ids.clientRequestId,
      "odata-version": "4.0",
      ...headers,
    },
    body: body === null ? "" : JSON.stringify(body),
  };
}

/** `now` is the simulator's time, which the body tells to the second. */
export function graphErrorAnswer(error: GraphError, ids: RequestIds, now: number): Answer {
  const innerError = {
    date: new Date(now).toISOString().slice(0, 19),
    "request-id": ids.requestId,
    "client-request-id": ids.clientRequestId,
  };
  const body = { error: { code: error.code, message: error.message, ...error.details, innerError } };
  return graphAnswer(error.status, body, ids, error.headers);
}

/** A client that sends no id of its own gets the service's. */
export function requestIdsOf(request: IncomingRequest, requestId: string): RequestIds {
  return { requestId, clientRequestId: request.headers["client-request-id"] ?? requestId };
}
