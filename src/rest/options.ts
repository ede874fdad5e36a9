import { ok, type Answer } from "./answer.js";
import type { Resource } from "./resources.js";

/** What OPTIONS tells of a resource. */
export function describe({ routes: [route] }: Resource): Answer {
  return ok({
    name: route?.name,
    description: "",
    renders: ["application/json"],
    parses: ["application/json", "application/x-www-form-urlencoded", "multipart/form-data"],
  });
}
