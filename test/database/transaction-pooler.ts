import { createServer, connect, type AddressInfo, type Server, type Socket } from "node:net";

const readyForQuery = "Z".charCodeAt(0);
const idle = "I".charCodeAt(0);

/**
 * A PostgreSQL pooler that pools by transaction, as pgbouncer does: each client logs in through a server connection of its own, which
 * then belongs to all; a transaction runs on the one used last, or in round robin on that used first. It speaks the simple protocol.
 */
export class TransactionPooler {
  private readonly idleServers: Socket[] = [];
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly listener: Server,
    private readonly target: URL,
    private readonly isRoundRobin: boolean,
  ) {
    listener.on("connection", (client) => {
      this.track(client);
      this.serve(client);
    });
  }

  static async start(url: string, isRoundRobin: boolean): Promise<TransactionPooler> {
    const listener = createServer();
    await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
    return new TransactionPooler(listener, new URL(url), isRoundRobin);
  }

  /** Where clients of the pooler connect. */
  get url(): string {
    const pooled = new URL(this.target.href);
    pooled.port = String((this.listener.address() as AddressInfo).port);
    return pooled.href;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.listener.close(resolve));
  }

  private track(socket: Socket): void {
    this.sockets.add(socket);
    socket.on("error", () => undefined);
    socket.once("close", () => this.sockets.delete(socket));
  }

  private serve(client: Socket): void {
    let server: Socket | undefined = connect(Number(this.target.port), this.target.hostname);
    this.track(server);
    this.relay(client, server, (loggedIn) => {
      // A login is not a use: it is taken last.
      if (this.isRoundRobin) this.idleServers.push(loggedIn);
      else this.idleServers.unshift(loggedIn);
      server = undefined;
    });
    client.on("data", (chunk: Buffer) => {
      if (chunk[0] === "X".charCodeAt(0)) return; // the client leaves; the server connection stays
      if (server === undefined) {
        server = this.isRoundRobin ? this.idleServers.shift() : this.idleServers.pop();
        if (server === undefined) throw new Error("the pool is empty");
        this.relay(client, server, (used) => {
          this.idleServers.push(used);
          server = undefined;
        });
      }
      server.write(chunk);
    });
  }

  /** Passes answers on to the client until the server connection is outside any transaction again. */
  private relay(client: Socket, server: Socket, onIdle: (server: Socket) => void): void {
    const pass = (chunk: Buffer) => {
      const status = chunk.at(-6) === readyForQuery ? chunk.at(-1) : undefined;
      if (status === idle) {
        server.off("data", pass);
        onIdle(server);
      }
      client.write(chunk);
    };
    server.on("data", pass);
  }
}
