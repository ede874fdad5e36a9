import type { Response } from "express";
import type { Answer } from "./answer.js";

/** Sends compact JSON. A HEAD request is sent the same without the body. */
export function sendAnswer(response: Response, { status, body, headers = {} }: Answer): void {
  const text = Buffer.from(JSON.stringify(body));
  response.status(status);
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  response.setHeader("Content-Type", "application/json");
  response.setHeader("Content-Length", text.length);
  response.end(text);
}
