import { connect } from "node:net";

/** What a server answered to bytes: empty where it only hung up. */
export interface RawAnswer {
  status: number | null;
  /** The status line and the headers, as sent. */
  head: string;
  body: string;
}

/** Sends bytes as they stand, and reads until the server closes. With `hangsUp` nothing more comes from the client. */
export async function sendRaw(url: string, bytes: Buffer, { hangsUp = false } = {}): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  const text = await new Promise<string>((resolve) => {
    const chunks: Buffer[] = [];
    const socket = connect(Number(port), hostname, () => {
      if (hangsUp) socket.end(bytes);
      else socket.write(bytes);
    });
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    socket.on("error", () => undefined); // closed while we were sending; what was answered before counts
    socket.on("close", () => {
      resolve(Buffer.concat(chunks).toString("latin1"));
    });
  });
  const [head = "", body = ""] = text.split(/\r\n\r\n([^]*)/);
  const status = /^HTTP\/1\.1 (\d{3})/.exec(head)?.[1];
  return { status: status === undefined ? null : Number(status), head, body };
}

/** A request's bytes; the connection is closed after it. */
export function rawRequest(
  line: string,
  headers: Readonly<Record<string, string>> = {},
  body: Buffer | string = "",
): Buffer {
  const lines = Object.entries({ Host: "server", Connection: "close", ...headers }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  return Buffer.concat([Buffer.from(`${line} HTTP/1.1\r\n${lines.join("")}\r\n`, "latin1"), Buffer.from(body)]);
}
