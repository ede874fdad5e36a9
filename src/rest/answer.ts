/** What a route answers with. */
export interface Answer {
  status: number;
  body: unknown;
  headers?: Readonly<Record<string, string | number>>;
}

export function ok(body: object): Answer {
  return { status: 200, body };
}

/** Ends a request before its route has answered. `code` is for the log. */
export class Refusal extends Error {
  constructor(
    readonly code: string,
    readonly answer: Answer,
  ) {
    super(`Refused: ${code}`);
    this.name = "Refusal";
  }
}
