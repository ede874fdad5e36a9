import { once } from "node:events";
import { createServer } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";
import { describe, expect, test } from "@jest/globals";
import { ProviderHttp } from "../../src/providers/http.js";
import { json, startProviderServer } from "./provider-server.js";

const call = { signal: new AbortController().signal, onRequest: () => undefined };

/** An HTTP proxy that opens the tunnels it is asked for and notes where to. */
async function startProxy() {
  const tunnels: string[] = [];
  const sockets: Socket[] = [];
  const proxy = createServer();
  proxy.on("connect", (request, client: Socket) => {
    tunnels.push(request.url ?? "");
    const [host, port] = (request.url ?? "").split(":");
    const target = connect(Number(port), host);
    sockets.push(client, target);
    client.write("HTTP/1.1 200 Connection established\r\n\r\n");
    client.pipe(target).pipe(client);
  });
  await once(proxy.listen(0, "127.0.0.1"), "listening");
  const close = () => {
    for (const socket of sockets) socket.destroy();
    proxy.close();
  };
  return { url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`, tunnels, close };
}

describe("provider HTTP", () => {
  test("goes through the proxy it is given", async () => {
    const server = await startProviderServer();
    server.answer = json({ reached: true });
    const proxy = await startProxy();
    const http = new ProviderHttp({}, proxy.url);
    const answer = await http.fetchFor(call)(`${server.url}path`);
    expect(await answer.json()).toEqual({ reached: true });
    expect(proxy.tunnels).toEqual([new URL(server.url).host]);
    await http.close();
    proxy.close();
    await server.close();
  });

  test("fails when the proxy refuses the tunnel", async () => {
    const server = await startProviderServer();
    const http = new ProviderHttp({}, server.url);
    await expect(http.fetchFor(call)("https://calendar.example/")).rejects.toMatchObject({
      errorCode: "CONNECTION_ERROR",
    });
    await http.close();
    await server.close();
  });

  test("keeps each header of an answer, repeated ones too, and the body of a request", async () => {
    const server = await startProviderServer();
    server.answer = (response) =>
      response.writeHead(201, { "set-cookie": ["a=1", "b=2"], "request-id": "7" }).end("made");
    const http = new ProviderHttp();
    const answer = await http.fetchFor(call)(server.url, { method: "POST", body: "é", headers: { "x-mine": "1" } });
    expect([answer.status, await answer.text()]).toEqual([201, "made"]);
    expect([answer.headers.getSetCookie(), answer.headers.get("request-id")]).toEqual([["a=1", "b=2"], "7"]);
    expect(server.requests[0]).toMatchObject({ method: "POST", body: "é", headers: { "x-mine": "1" } });
    await http.close();
    await server.close();
  });

  test("keeps connections open for the next requests", async () => {
    const server = await startProviderServer();
    server.answer = (response) => response.end(String(response.socket?.remotePort));
    const http = new ProviderHttp();
    const ports = new Set<string>();
    for (let request = 0; request < 10; request += 1) ports.add(await (await http.fetchFor(call)(server.url)).text());
    // A request that follows at once does not wait for the connection that has just become free.
    expect(ports.size).toBeLessThanOrEqual(2);
    await http.close();
    await server.close();
  });

  test("fails what is under way when it is closed", async () => {
    const server = await startProviderServer();
    const http = new ProviderHttp();
    server.answer = () => void http.close();
    await expect(http.fetchFor(call)(server.url)).rejects.toMatchObject({ errorCode: "CONNECTION_ERROR" });
    await server.close();
  });
});
