import { z } from "zod";
import { ok, type Answer } from "./answer.js";
import type { Resource } from "./resources.js";

export const descriptionSchema = z
  .strictObject({
    name: z.string(),
    description: z.string(),
    renders: z.array(z.string()),
    parses: z.array(z.string()),
  })
  .meta({ id: "Description" });

/** Bodies of these are read. */
export const bodyTypes = ["application/json", "application/x-www-form-urlencoded", "multipart/form-data"] as const;

/** What OPTIONS tells of a resource. */
export function describe({ routes: [route] }: Resource): Answer {
  return ok({
    name: route?.name,
    description: "",
    renders: ["application/json"],
    parses: bodyTypes,
  });
}
