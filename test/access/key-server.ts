import { createServer, type RequestListener, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** Serves a key set on loopback, or whatever a test says instead. */
export class KeyServer {
  requests = 0;
  /** Bytes written by `flood`. */
  flooded = 0;
  answer: RequestListener = (_request, response) => response.writeHead(404).end();
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      this.requests += 1;
      this.answer(request, response);
    });
  }

  static async start(): Promise<KeyServer> {
    const keyServer = new KeyServer();
    await new Promise<void>((resolve) => keyServer.#server.listen(0, "127.0.0.1", resolve));
    return keyServer;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/keys`;
  }

  serve(keys: object[], more: object = {}): void {
    this.text(JSON.stringify({ keys, ...more }));
  }

  text(text: string): void {
    this.answer = (_request, response) => response.writeHead(200, { "content-type": "application/json" }).end(text);
  }

  /** An answer that begins well and has no end. */
  flood(): void {
    this.answer = (_request, response) => {
      response.writeHead(200, { "content-type": "application/json" }).write('{"keys":[],"more":"');
      this.#pour(response);
    };
  }

  #pour(response: ServerResponse): void {
    if (response.destroyed) return;
    this.flooded += 65_536;
    response.write("x".repeat(65_536), () =>
      setImmediate(() => {
        this.#pour(response);
      }),
    );
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }
}
