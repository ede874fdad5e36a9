import type { ZodType } from "zod";
import { askGraphql, type GraphqlAnswer } from "../graphql-client.js";
import { askRest, type RestAnswer, type RestRequest } from "./rest-client.js";
import type { SimulatorAdmin } from "./simulator-admin.js";

export interface TourParts {
  /** Where the API answers. */
  url: string;
  tokens: Record<Person, string>;
  simulator: SimulatorAdmin;
  print: (line: string) => void;
}

export type Person = "manager" | "staff" | "other-manager";

const longestAnswer = 400;

/** What is asked of a running demo on the way through it: every request and its answer are printed, and what is expected of it. */
export class Tour {
  passed = 0;
  failed = 0;
  /** Event types that the audit must have of this tour. */
  readonly deeds = new Set<string>();
  readonly simulator: SimulatorAdmin;

  constructor(private readonly parts: TourParts) {
    this.simulator = parts.simulator;
  }

  heading(text: string): void {
    this.parts.print(`\n── ${text}`);
  }

  note(text: string): void {
    this.parts.print(`   ${text}`);
  }

  /** Asks, prints both sides, and reads the answer's data. @throws Error for a refusal and for data of another shape */
  async ask<T>(query: string, shape: ZodType<T>): Promise<T> {
    const { data, errors } = await this.send("manager", query);
    if (errors) throw new Error(`Refused: ${errors.map(({ message }) => message).join("; ")}`);
    return shape.parse(data);
  }

  /** Asks for what is to be refused, and prints both sides. Returns the first error's extensions, null for none. */
  async refusal(person: Person, query: string): Promise<Record<string, unknown> | null> {
    const { errors } = await this.send(person, query);
    return errors?.[0]?.extensions ?? null;
  }

  /** Asks without printing: what is asked again and again until it holds. */
  async look<T>(query: string, shape: ZodType<T>): Promise<T> {
    const { data } = await askGraphql(this.parts.url, this.parts.tokens.manager, query);
    return shape.parse(data);
  }

  /** Asks one of the older routes, and prints both sides. */
  async askRest(person: Person, request: RestRequest): Promise<RestAnswer> {
    const headers = Object.entries(request.headers ?? {}).map(([name, value]) => ` (${name}: ${value})`);
    this.parts.print(`   ${asWhom(person)}${request.method} ${request.path}${headers.join("")}`);
    const answer = await askRest(this.parts.url, this.parts.tokens[person], request);
    this.parts.print(`   → ${answer.status} ${shortened(JSON.stringify(answer.body))}`);
    return answer;
  }

  /** As askRest, without printing. */
  lookRest(request: RestRequest): Promise<RestAnswer> {
    return askRest(this.parts.url, this.parts.tokens.manager, request);
  }

  check(expectation: string, holds: boolean): void {
    if (holds) this.passed += 1;
    else this.failed += 1;
    this.parts.print(`   ${holds ? "✓" : "✗"} ${expectation}`);
  }

  private async send(person: Person, query: string): Promise<GraphqlAnswer> {
    this.parts.print(`   ${asWhom(person)}${query}`);
    const answer = await askGraphql(this.parts.url, this.parts.tokens[person], query);
    this.parts.print(`   → ${shortened(JSON.stringify(answer.errors?.map(essence) ?? answer.data))}`);
    return answer;
  }
}

function asWhom(person: Person): string {
  return person === "manager" ? "" : `as ${person}: `;
}

function essence({ message, extensions }: NonNullable<GraphqlAnswer["errors"]>[number]) {
  return { message, extensions };
}

function shortened(text: string): string {
  return text.length > longestAnswer ? `${text.slice(0, longestAnswer)}…` : text;
}
