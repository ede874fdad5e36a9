import { createRequire } from "node:module";
import { Ajv } from "ajv";
import type { ValidateFunction } from "ajv";
import { createGenerator } from "ts-json-schema-generator";

export type AnswerType = "Events" | "Event" | "Channel" | "CalendarList" | "Calendar";

/** The published types of the official client. */
const types = createRequire(import.meta.url).resolve("googleapis/build/src/apis/calendar/v3.d.ts");
const tsconfig = new URL("../../tsconfig.json", import.meta.url).pathname;

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
    path: types,
    tsconfig,
    type: "*",
    expose: "all",
    skipTypeCheck: true,
    additionalProperties: false,
  });
  const schema: object = generator.createSchema(`calendar_v3.Schema$${type}`);
  const validate = new Ajv({ allErrors: true, strict: false }).compile(schema);
  validators.set(type, validate);
  return validate;
}
