import { Ajv } from "ajv";
import type { ValidateFunction } from "ajv";
import { createGenerator } from "ts-json-schema-generator";

export type AnswerType = "Events" | "Event" | "CalendarList" | "Calendar";

const here = new URL(".", import.meta.url).pathname;

let generator: ReturnType<typeof createGenerator> | undefined;
const validators = new Map<AnswerType, ValidateFunction>();

/** Throws unless an answer has exactly the shape that the official client's types describe: an unknown key is refused at any depth. */
export function expectAnswer(type: AnswerType, answer: unknown): void {
  const validate = validators.get(type) ?? makeValidator(type);
  if (validate(answer)) return;
  throw new Error(`Not ${type} as the official client describes it: ${JSON.stringify(validate.errors, null, 2)}`);
}

function makeValidator(type: AnswerType): ValidateFunction {
  generator ??= createGenerator({
    path: `${here}calendar-types.ts`,
    tsconfig: `${here}../../tsconfig.json`,
    type: "*",
    expose: "all",
    skipTypeCheck: true,
    additionalProperties: false,
  });
  const schema: object = generator.createSchema(type);
  const validate = new Ajv({ allErrors: true, strict: false }).compile(schema);
  validators.set(type, validate);
  return validate;
}
