import { createServer } from "node:http";
import type { IncomingHttpHeaders, Server } from "node:http";
import { afterEach } from "@jest/globals";
import { setTimeout as pause } from "node:timers/promises";

export interface Received {
  method: string;
  url: URL;
  headers: IncomingHttpHeaders;
  body: string;
}

const running: Server[] = [];

afterEach(async () => {
  for (const server of running.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

/** Where notifications arrive. It echoes validation tokens, and answers everything else with `status`. Closed after the test. */
export class Receiver {
  readonly received: Received[] = [];
  status = 202;
  isEchoing = true;
  address = "";

  static async open(): Promise<Receiver> {
    const receiver = new Receiver();
    const server = createServer((message, response) => {
      const chunks: Buffer[] = [];
      message.on("data", (chunk: Buffer) => chunks.push(chunk));
      message.on("end", () => {
        const url = new URL(message.url ?? "/", receiver.address);
        const { method = "", headers } = message;
        receiver.received.push({ method, url, headers, body: Buffer.concat(chunks).toString() });
        const token = receiver.isEchoing ? url.searchParams.get("validationToken") : null;
        if (token === null) response.writeHead(receiver.status).end();
        else response.writeHead(200, { "content-type": "text/plain" }).end(token);
      });
    });
    running.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("The receiver listens on no port");
    receiver.address = `http://127.0.0.1:${address.port}/hook`;
    return receiver;
  }

  /** Resolves when so many have arrived in all. */
  async until(count: number): Promise<Received[]> {
    while (this.received.length < count) await pause(5);
    return this.received;
  }
}
