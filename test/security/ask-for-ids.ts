import { readFileSync } from "node:fs";
import { buildSchema } from "graphql";
import { foreign, missing } from "./foreign-world.js";
import { restQuestions } from "./rest-questions.js";
import { schemaQuestions as questionsOfSchema, type Question } from "./schema-questions.js";

export const schema = buildSchema(readFileSync(new URL("../../schema/schema.graphql", import.meta.url), "utf8"));
export const schemaQuestions = questionsOfSchema(schema, { own: "1", missing: missing.connection });
/** Of the whole schema and the table of routes. */
export const allQuestions: Question[] = [...schemaQuestions, ...restQuestions(missing.connection)];
export const kinds = Object.keys(foreign) as (keyof typeof foreign)[];

export type Asker = "firm 1" | "firm 2";

/** Status and bytes of the answer; a list's links, which repeat what was asked, name no id. */
export type AskForId = (question: Question, id: string, asker: Asker) => Promise<string>;

export function askForIds(url: string, tokens: Readonly<Record<Asker, string>>): AskForId {
  return async ({ method, path, body }, id, asker) => {
    const headers = { authorization: `Bearer ${tokens[asker]}`, "content-type": "application/json" };
    const fields = body(id);
    const response = await fetch(`${url}${path(id)}`, {
      ...{ method, headers },
      ...(fields && { body: JSON.stringify(fields) }),
    });
    const text = await response.text();
    return `${response.status} ${path(id).includes("?") ? text.replaceAll(encodeURIComponent(id), "ID") : text}`;
  };
}
