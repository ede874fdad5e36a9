import express, { type Request, type RequestHandler, type Response } from "express";
import { JsonTextError, parseJsonText } from "./json-text.js";
import { readMultipart } from "./multipart.js";
import { refusals } from "./refusals.js";

/** A body's fields by name. */
export type Fields = ReadonlyMap<string, unknown>;

const readBytes: RequestHandler = express.raw({ type: () => true, limit: "100kb" });

/**
 * A body's fields: of an object of JSON, of an encoded form or of a multipart form (its files are left out). An empty body has none,
 * whatever its type. A blank of a form stands for null.
 * @throws Refusal 413, 415 or 400
 */
export async function readFields(request: Request, response: Response): Promise<Fields> {
  const bytes = await bytesOf(request, response);
  if (bytes.length === 0) return new Map();
  const type = request.get("content-type") ?? "";
  switch (type.split(";", 1)[0]?.trim().toLowerCase()) {
    case "application/json":
      return fieldsOfJson(bytes);
    case "application/x-www-form-urlencoded":
      return fieldsOfForm(new URLSearchParams(bytes.toString("utf8")));
    case "multipart/form-data":
      return fieldsOfForm(await readMultipart(bytes, type));
    default:
      throw refusals.unsupportedMediaType(type);
  }
}

async function bytesOf(request: Request, response: Response): Promise<Buffer> {
  await new Promise<void>((resolve, reject) => {
    readBytes(request, response, (error?: unknown) => {
      if (error === undefined) resolve();
      else reject(refusalOf(error, request));
    });
  });
  return Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
}

/** The body parser says with a status what is wrong. */
function refusalOf(error: unknown, request: Request): Error {
  const status = error instanceof Error && "status" in error ? error.status : null;
  if (status === 413) return refusals.bodyTooLarge();
  if (status === 415) return refusals.unsupportedMediaType(request.get("content-encoding") ?? "");
  if (status === 400) return refusals.unreadableBody("The request body cannot be read.");
  return error instanceof Error ? error : new Error("the body cannot be read", { cause: error });
}

function fieldsOfJson(bytes: Buffer): Fields {
  const value = parsed(bytes);
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw refusals.noDictionary(typeName(value));
  return new Map(Object.entries(value));
}

function parsed(bytes: Buffer): unknown {
  const text = decoded(bytes);
  if (text === null) throw unreadableJson("'utf-8' codec can't decode the body");
  try {
    return parseJsonText(text);
  } catch (error) {
    throw error instanceof JsonTextError ? unreadableJson(error.message) : error;
  }
}

/** Null for what is no UTF-8. */
function decoded(bytes: Buffer): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

function unreadableJson(reason: string) {
  return refusals.unreadableBody(`JSON parse error - ${reason}`);
}

/** As Python calls it. */
function typeName(value: unknown): string {
  if (value === null) return "NoneType";
  if (Array.isArray(value)) return "list";
  if (typeof value === "string") return "str";
  if (typeof value === "boolean") return "bool";
  return Number.isInteger(value) ? "int" : "float";
}

/** Of a repeated field the last one counts. */
function fieldsOfForm(pairs: Iterable<[string, string]>): Fields {
  return new Map([...pairs].map(([name, value]) => [name, value === "" ? null : value]));
}
