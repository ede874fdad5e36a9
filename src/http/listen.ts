import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { errorCode } from "../error-code.js";

/** The address cannot be listened on. The message is a line for whoever starts the server. */
class ListenError extends Error {
  constructor(message: string, options: ErrorOptions) {
    super(message, options);
    this.name = "ListenError";
  }
}

/**
 * Listens, and answers with the URL to reach it at. Port 0 picks a free one. `variable` is where the port was chosen.
 * @throws ListenError
 */
export async function listen(
  server: Server,
  { host, port }: { host: string; port: number },
  variable = "PORT",
): Promise<string> {
  server.listen(port, host);
  try {
    await once(server, "listening");
  } catch (error) {
    throw new ListenError(explain(error, { host, port, variable }), { cause: error });
  }
  const { address, family, port: chosen } = server.address() as AddressInfo;
  const isEverywhere = address === "0.0.0.0" || address === "::";
  const name = isEverywhere ? "localhost" : family === "IPv6" ? `[${address}]` : address;
  return `http://${name}:${chosen}`;
}

interface Asked {
  host: string;
  port: number;
  variable: string;
}

function explain(error: unknown, { host, port, variable }: Asked): string {
  switch (errorCode(error)) {
    case "EADDRINUSE":
      return `Port ${port} of ${host} is in use by another process; set ${variable} to another one, or to 0 for any`;
    case "EACCES":
      return `Port ${port} may not be listened on by this user; set ${variable} to 1024 or above`;
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return `HOST ${host} is no address of this machine`;
    default:
      return `Cannot listen on port ${port} of ${host}: ${error instanceof Error ? error.message : String(error)}`;
  }
}
