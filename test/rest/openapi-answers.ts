import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import { fullFormats } from "ajv-formats/dist/formats.js";

/** An answer of these routes, with the request it belongs to. */
export interface ReceivedAnswer {
  method: string;
  /** From the prefix on, with its query. */
  path: string;
  status: number;
  headers: Headers;
  text: string;
}

interface Operation {
  responses: Record<string, ResponseObject | { $ref: string }>;
}

interface ResponseObject {
  headers: Record<string, { $ref: string }>;
  content: { "application/json": { schema: unknown } };
}

export interface OpenApiDocument {
  paths: Record<string, Record<string, Operation>>;
  components: {
    headers: Record<string, { required?: boolean; schema: unknown }>;
    responses: Record<string, ResponseObject>;
    schemas: Record<string, unknown>;
  };
}

const file = new URL("../../schema/openapi.json", import.meta.url);
const prefix = "/api/calendar/admin/";

/** As it is committed; another test says that it is the code's. */
export const committedOpenApi = JSON.parse(readFileSync(file, "utf8")) as OpenApiDocument;

const ajv = new Ajv2020({ strict: false, allErrors: true, formats: fullFormats });
ajv.addSchema(committedOpenApi, "openapi.json", undefined, false);

/** What of a value is not as a place of the document says, such as "/components/schemas/Attempt". */
export function faultsOfValue(place: string, value: unknown): string[] {
  const reference = `openapi.json#${place}`;
  const validate = ajv.getSchema(reference) ?? ajv.compile({ $ref: reference });
  if (validate(value)) return [];
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message ?? ""}`);
}

/** As a part of a JSON pointer. */
export function pointerPart(name: string): string {
  return name.replaceAll("~", "~0").replaceAll("/", "~1").replaceAll("{", "%7B").replaceAll("}", "%7D");
}

interface PathItem {
  path: string;
  pattern: RegExp;
}

/** Those with fewer placeholders first, so that `failed` is no id. */
const pathItems: readonly PathItem[] = Object.keys(committedOpenApi.paths)
  .map((path) => ({ path, pattern: patternOf(path) }))
  .sort((one, other) => placeholdersOf(one.path) - placeholdersOf(other.path));

function placeholdersOf(path: string): number {
  return path.split("{").length;
}

/** With or without its trailing slash, and with the suffix of a format. */
function patternOf(path: string): RegExp {
  const source = path
    .replace(/\/$/, "")
    .replaceAll(".", "\\.")
    .replace(/\{\w+\}/g, "[^/]+?");
  return new RegExp(`^${source}(\\.[a-z0-9]+)?/?$`);
}

/** What of an answer is not as the document says; nothing for one that is. */
export function faultsOfAnswer(answer: ReceivedAnswer): string[] {
  const [path = ""] = answer.path.split("?", 1);
  const item = pathItems.find(({ pattern }) => pattern.test(path));
  if (!item) return faultsOfNoRoute(answer);
  const found = responsePlaceOf(item.path, answer);
  if (found === null) return [`${answer.status} is no answer of ${answer.method} ${item.path}`];
  return [...faultsOfHeaders(found.response, answer), ...faultsOfBody(found.place, answer)];
}

function faultsOfNoRoute({ method, path, status, text }: ReceivedAnswer): string[] {
  const expected = method === "HEAD" ? "" : '{"detail":"Not found."}';
  return status === 404 && text === expected ? [] : [`${path} is no path of the description, and answers ${status}`];
}

/** A method that the path does not have is refused as by any of those it has. */
function responsePlaceOf(path: string, { method, status }: ReceivedAnswer) {
  const item = committedOpenApi.paths[path] ?? {};
  const asked = method === "HEAD" ? "get" : method.toLowerCase();
  const has = asked in item ? asked : (["get", "post"].find((one) => one in item) ?? "");
  if (!(asked in item) && status < 400) return null;
  const response = item[has]?.responses[String(status)];
  if (!response) return null;
  if (!("$ref" in response)) {
    return { response, place: `/paths/${pointerPart(path)}/${has}/responses/${status}` };
  }
  const name = response.$ref.split("/").at(-1) ?? "";
  const shared = committedOpenApi.components.responses[name];
  return shared ? { response: shared, place: `/components/responses/${name}` } : null;
}

function faultsOfHeaders(response: ResponseObject, { status, headers }: ReceivedAnswer): string[] {
  const always = status === 503 ? [] : ["Allow"]; // a server that stops does not look at the path
  if (status === 429 || status === 503) always.push("Retry-After");
  return Object.keys(response.headers).flatMap((name) => {
    const { required = always.includes(name) } = committedOpenApi.components.headers[name] ?? {};
    const value = headers.get(name);
    if (value === null) return required ? [`the header ${name} is missing`] : [];
    const read = name === "Retry-After" ? Number(value) : value;
    return faultsOfValue(`/components/headers/${name}/schema`, read).map((fault) => `the header ${name}: ${fault}`);
  });
}

function faultsOfBody(place: string, { method, text, headers }: ReceivedAnswer): string[] {
  if (method === "HEAD") return text === "" ? [] : ["HEAD is answered with a body"];
  if (headers.get("content-type") !== "application/json") return ["it is no JSON"];
  return faultsOfValue(`${place}/content/application~1json/schema`, JSON.parse(text));
}

/**
 * As fetch, for tests of these routes: every answer below the prefix is compared with the description as it is received.
 * @throws Error that names what is not as described
 */
export async function fetchAsDescribed(url: string, init: RequestInit = {}): Promise<Response> {
  const response = await fetch(url, init);
  const { pathname, search } = new URL(response.url);
  const { status, headers } = response;
  if (status === 204 || !`${pathname}/`.startsWith(prefix)) return response; // 204: a preflight, which is no route's
  const text = await response.clone().text();
  const method = init.method ?? "GET";
  const faults = faultsOfAnswer({ method, path: `${pathname}${search}`, status, headers, text });
  if (faults.length > 0)
    throw new Error(`${method} ${pathname} ${status} is not as described: ${faults.join("; ")}\n${text}`);
  return response;
}
