import { z } from "zod";

export type JsonSchema = Readonly<Record<string, unknown>>;

/** JSON Schemas by the keys of what they were made of, and those that have an id (in their meta data) by it. */
export interface JsonSchemas {
  schemas: ReadonlyMap<string, JsonSchema>;
  components: Readonly<Record<string, JsonSchema>>;
}

/** Draft 2020-12, as OpenAPI 3.1 has it; what has an id is referred to among the document's components. */
export function jsonSchemasOf(forms: ReadonlyMap<string, z.ZodType>): JsonSchemas {
  const made = z.toJSONSchema(z.strictObject(Object.fromEntries(forms)), {
    target: "draft-2020-12",
    io: "input",
    override: ({ jsonSchema }) => {
      tidy(jsonSchema);
    },
  });
  const moved = JSON.parse(JSON.stringify(made).replaceAll('"#/$defs/', '"#/components/schemas/')) as {
    properties: Record<string, JsonSchema>;
    $defs?: Record<string, JsonSchema>;
  };
  return { schemas: new Map(Object.entries(moved.properties)), components: sorted(moved.$defs ?? {}) };
}

/** What zod says of numbers and texts for the sake of JavaScript, said as others know it. */
function tidy(schema: z.core.JSONSchema.BaseSchema): void {
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum; // ids and counts have 64 bits
  if (schema.exclusiveMinimum === 0 && schema.type === "integer") {
    delete schema.exclusiveMinimum;
    schema.minimum = 1;
  }
  if (schema.format === "uuid") delete schema.pattern;
  if (schema.format === "date-time") schema.pattern = "^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d*[1-9]\\d*)?Z$";
}

function sorted<Value>(values: Record<string, Value>): Record<string, Value> {
  return Object.fromEntries(Object.entries(values).sort(([one], [other]) => (one < other ? -1 : 1)));
}
