import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface ReceivedRequest {
  method: string;
  url: URL;
  headers: IncomingMessage["headers"];
  body: string;
}

export type AnswerRequest = (response: ServerResponse, request: ReceivedRequest) => void;

export interface ProviderServer {
  /** With a trailing slash. */
  url: string;
  requests: ReceivedRequest[];
  /** How requests are answered from now on. */
  answer: AnswerRequest;
  close(): Promise<void>;
}

/** A server on loopback that answers as a test says, whatever the path: for answers no well-behaved provider gives. */
export async function startProviderServer(): Promise<ProviderServer> {
  const requests: ReceivedRequest[] = [];
  // On a busy machine an idle connection would be closed at the moment at which the client uses it again.
  const http = createServer({ keepAliveTimeout: 60_000 }, (incoming, response) => {
    void receive(incoming, running.url).then((request) => {
      requests.push(request);
      running.answer(response, request);
    });
  });
  const running: ProviderServer = {
    url: "",
    requests,
    answer: (response) => response.writeHead(500).end(),
    close: async () => {
      http.close();
      http.closeAllConnections();
      await once(http, "close");
    },
  };
  await once(http.listen(0, "127.0.0.1"), "listening");
  running.url = `http://127.0.0.1:${(http.address() as AddressInfo).port}/`;
  return running;
}

async function receive(incoming: IncomingMessage, base: string): Promise<ReceivedRequest> {
  const body: Buffer[] = [];
  for await (const chunk of incoming) body.push(chunk as Buffer);
  return {
    method: incoming.method ?? "",
    url: new URL(incoming.url ?? "", base),
    headers: incoming.headers,
    body: Buffer.concat(body).toString(),
  };
}

/** Answers with JSON as Google writes it. */
export function json(body: unknown, status = 200, headers: Record<string, string> = {}): AnswerRequest {
  return (response) => {
    response.writeHead(status, { "content-type": "application/json; charset=UTF-8", ...headers });
    response.end(JSON.stringify(body));
  };
}

/** Answers with a text of any kind. */
export function text(body: string | Buffer, contentType: string, status = 200): AnswerRequest {
  return (response) => {
    response.writeHead(status, { "content-type": contentType }).end(body);
  };
}
