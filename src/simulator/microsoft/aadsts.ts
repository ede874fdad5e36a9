import { randomUUID } from "node:crypto";
import type { World } from "../world.js";

/** Why Microsoft Entra refuses: what OAuth calls it, and Entra's own number and words. */
export interface Refusal {
  /** Default 400. */
  status?: number;
  error: string;
  number: number;
  message: string;
  suberror?: string;
}

/** The parts of a refusal that are new each time, and the description that every refusal comes with. */
export function describedRefusal(world: World, { number, message }: Refusal) {
  const [traceId, correlationId] = [randomUUID(), randomUUID()];
  const timestamp = new Date(world.clock.now()).toISOString().slice(0, 19).replace("T", " ") + "Z";
  const description = `AADSTS${number}: ${message} Trace ID: ${traceId} Correlation ID: ${correlationId} Timestamp: ${timestamp}`;
  const uri = `https://login.microsoftonline.com/error?code=${number}`;
  return { traceId, correlationId, timestamp, description, uri };
}

export function missingParameter(parameter: string): Refusal {
  const message = `The request body must contain the following parameter: '${parameter}'.`;
  return { error: "invalid_request", number: 900144, message };
}

export function unknownApplication(clientId: string): Refusal {
  const message = `Application with identifier '${clientId}' was not found in the directory.`;
  return { error: "unauthorized_client", number: 700016, message };
}
