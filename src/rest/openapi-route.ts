import { z } from "zod";
import { ok, type Answer } from "./answer.js";
import { openApiDocument, type Surface } from "./openapi.js";
import { readAnswers } from "./refusals.js";
import { route, type Asked, type Route } from "./route.js";

const part = z.record(z.string(), z.unknown());

const documentSchema = z
  .strictObject({
    openapi: z.literal("3.1.0"),
    info: part,
    servers: z.array(z.strictObject({ url: z.url() })),
    security: z.array(part),
    tags: z.array(part),
    paths: part,
    components: part,
  })
  .meta({ description: "An OpenAPI 3.1 document." });

/** The row that describes the others, and itself. */
export function openApiRoute({ prefix, routes }: Surface): Route {
  let document: ReturnType<typeof openApiDocument> | null = null;
  const row: Route = route({
    method: "GET",
    path: "openapi.json",
    name: "OpenAPI",
    description: "This description.",
    isAction: false,
    query: z.strictObject({}),
    body: null,
    existence: null,
    document: null,
    answers: { ...readAnswers, 200: documentSchema },
    render: (_data: object, asked: Asked): Answer => {
      document ??= openApiDocument({ prefix, routes: [...routes, row] });
      const { openapi, info, ...rest } = document;
      const url = asked.urlOf("").slice(0, -prefix.length);
      return ok({ openapi, info, servers: [{ url }], ...rest });
    },
  });
  return row;
}
