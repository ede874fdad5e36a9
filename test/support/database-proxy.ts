import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

/** Stands between a process and its database, so that a test can take the database away from that process alone. */
export class DatabaseProxy {
  /** Connections asked for while there was no database, and how many of them were open at once at most. */
  refused = 0;
  mostRefusedAtOnce = 0;

  private isOpen = true;
  private refusing = 0;
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    /** The database's URL through this proxy. */
    readonly url: string,
  ) {}

  static async start(databaseUrl: string): Promise<DatabaseProxy> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const target = new URL(databaseUrl);
    const url = new URL(databaseUrl);
    url.port = String((server.address() as AddressInfo).port);
    const proxy = new DatabaseProxy(server, url.href);
    server.on("connection", (socket) => {
      proxy.take(socket, target);
    });
    return proxy;
  }

  /** As when the database is gone: open connections break, new ones are broken after a moment. */
  close(): void {
    this.isOpen = false;
    for (const socket of this.sockets) socket.destroy();
  }

  open(): void {
    this.isOpen = true;
  }

  async stop(): Promise<void> {
    this.close();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private take(socket: Socket, target: URL): void {
    socket.on("error", () => undefined);
    if (!this.isOpen) {
      this.refuse(socket);
      return;
    }
    const database = connect(Number(target.port), target.hostname);
    database.on("error", () => socket.destroy());
    for (const one of [socket, database]) {
      this.sockets.add(one);
      one.once("close", () => {
        this.sockets.delete(one);
      });
    }
    socket.once("close", () => database.destroy());
    database.once("close", () => socket.destroy());
    socket.pipe(database).pipe(socket);
  }

  private refuse(socket: Socket): void {
    this.refused += 1;
    this.refusing += 1;
    this.mostRefusedAtOnce = Math.max(this.mostRefusedAtOnce, this.refusing);
    setTimeout(() => {
      this.refusing -= 1;
      socket.destroy();
    }, 50);
  }
}
