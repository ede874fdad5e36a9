import type * as answers from "./graph-types.js";
import { TypeValidators } from "./schemas-of-types.js";

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

const documented = new TypeValidators(new URL("graph-types.ts", import.meta.url).pathname);

/** Throws unless an answer has exactly the documented shape. */
export function checkedAnswer<T extends keyof GraphAnswers>(type: T, answer: unknown): GraphAnswers[T] {
  const validate = documented.validator(type);
  if (validate(answer)) return answer as GraphAnswers[T];
  throw new Error(`Not ${type} as Graph is documented: ${JSON.stringify(validate.errors?.slice(-5), null, 2)}`);
}
