import { createServer } from "node:net";

/** A port of loopback that is free at this moment: the remembered one if it is, else any. */
export async function choosePort(remembered: number | null): Promise<number> {
  if (remembered !== null && (await canListen(remembered)) !== null) return remembered;
  return (await canListen(0)) ?? 0;
}

function canListen(port: number): Promise<number | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => {
      resolve(null);
    });
    server.listen(port, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => {
        resolve(typeof address === "object" && address !== null ? address.port : null);
      });
    });
  });
}
