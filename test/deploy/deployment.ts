import { readFileSync } from "node:fs";
import { parseDocument } from "yaml";
import { z } from "zod";

export const project = new URL("../../", import.meta.url);

export function textOf(path: string): string {
  return readFileSync(new URL(path, project), "utf8");
}

const service = z.object({
  image: z.string(),
  build: z.object({ context: z.string(), dockerfile: z.string() }).optional(),
  command: z.array(z.string()).optional(),
  environment: z.record(z.string(), z.string()).default({}),
  secrets: z.array(z.string()).default([]),
  volumes: z.array(z.string()).default([]),
  healthcheck: z.object({ disable: z.boolean().optional() }).loose().optional(),
  depends_on: z.record(z.string(), z.object({ condition: z.string() })).optional(),
});
export type Service = z.infer<typeof service>;

const compose = z.object({
  services: z.record(z.string(), service),
  volumes: z.record(z.string(), z.object({})),
  secrets: z.record(z.string(), z.object({ file: z.string() })),
});

/** deploy/compose.yaml with its anchors and merges resolved. @throws Error for every mistake that the parser finds */
export function composeFile(): z.infer<typeof compose> {
  const document = parseDocument(textOf("deploy/compose.yaml"), { merge: true, strict: true, uniqueKeys: true });
  if (document.errors.length > 0) throw new Error(document.errors.map(({ message }) => message).join("; "));
  return compose.parse(document.toJS());
}
