/** An HTTP answer before it is sent. */
export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** What a route is given. */
export interface IncomingRequest {
  method: string;
  url: URL;
  /** `http://host:port` as the client addressed the listener, for links back to it. */
  origin: string;
  headers: Readonly<Record<string, string>>;
  body: string;
}

export function jsonAnswer(status: number, body: unknown, headers: Record<string, string> = {}): Answer {
  return {
    status,
    headers: { "content-type": "application/json; charset=UTF-8", ...headers },
    body: JSON.stringify(body),
  };
}
