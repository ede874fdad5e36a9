import { Ajv } from "ajv";
import type { ValidateFunction } from "ajv";
import { createGenerator } from "ts-json-schema-generator";
import type * as answers from "./graph-types.js";

/** Each answer by its name. */
export interface GraphAnswers {
  DeltaPage: answers.DeltaPage;
  EventList: answers.EventList;
  SingleEvent: answers.SingleEvent;
  CalendarList: answers.CalendarList;
  SingleCalendar: answers.SingleCalendar;
  SignedInUser: answers.SignedInUser;
  OwnSettings: answers.OwnSettings;
  Refusal: answers.Refusal;
  Tokens: answers.Tokens;
  TokenRefusal: answers.TokenRefusal;
}

const path = new URL("graph-types.ts", import.meta.url).pathname;
const tsconfig = new URL("../../tsconfig.json", import.meta.url).pathname;

let generator: ReturnType<typeof createGenerator> | undefined;
const validators = new Map<string, ValidateFunction>();

/** Throws unless an answer has exactly the documented shape: an unknown key is refused at any depth. */
export function checkedAnswer<T extends keyof GraphAnswers>(type: T, answer: unknown): GraphAnswers[T] {
  const validate = validators.get(type) ?? makeValidator(type);
  if (validate(answer)) return answer as GraphAnswers[T];
  throw new Error(`Not ${type} as Graph is documented: ${JSON.stringify(validate.errors?.slice(-5), null, 2)}`);
}

function makeValidator(type: string): ValidateFunction {
  generator ??= createGenerator({ path, tsconfig, type: "*", skipTypeCheck: true, additionalProperties: false });
  const schema: object = generator.createSchema(type);
  const validate = new Ajv({ allErrors: true, strict: false }).compile(schema);
  validators.set(type, validate);
  return validate;
}
