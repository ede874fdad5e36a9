import { z } from "zod";
import { ok, type Answer } from "./answer.js";
import type { Asked } from "./route.js";

/** The lists, by their path below the prefix. */
const lists = ["connections", "sync-attempts"] as const;

export const apiRootSchema = z.strictObject({ connections: z.url(), "sync-attempts": z.url() }).meta({
  examples: [
    {
      connections: "https://sync.example.com/api/calendar/admin/connections/",
      "sync-attempts": "https://sync.example.com/api/calendar/admin/sync-attempts/",
    },
  ],
});

export function renderApiRoot(_data: object, asked: Asked): Answer {
  return ok(Object.fromEntries(lists.map((list) => [list, asked.urlOf(`${list}/`)])));
}
