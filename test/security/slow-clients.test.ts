import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { prefix } from "../../src/rest/routes.js";
import type { ClientTimeouts } from "../../src/http/client-server.js";
import { until } from "../support/app.js";
import { startTestServer, tokenOf, type TestServer } from "../support/graphql-server.js";

const timeouts: ClientTimeouts = { headersMs: 150, requestMs: 300, answerMs: 450 };
/** For as long as a test takes, as if there were no limit. */
const never = 3_600_000;
let server: TestServer;
let token: string;
const sockets: Socket[] = [];
beforeAll(async () => {
  server = await startTestServer({ timeouts });
  token = await tokenOf();
});
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});
afterAll(() => server.stop());

async function connected({ url }: TestServer): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on("error", () => undefined);
  sockets.push(socket);
  await once(socket, "connect");
  return socket;
}

/** Sends the beginning, then a little more every now and then, until the server hangs up. What it answered. */
async function dribble(to: TestServer, beginning: string, more: string): Promise<string> {
  const socket = await connected(to);
  let answer = "";
  socket.on("data", (chunk: Buffer) => (answer += chunk.toString("latin1")));
  if (beginning !== "") socket.write(beginning);
  const drops = setInterval(() => more !== "" && socket.write(more), 20);
  await closed(socket);
  clearInterval(drops);
  return answer;
}

/** Also after an error, as when the server hangs up while we are sending; and when it has hung up before. */
async function closed(socket: Socket): Promise<void> {
  if (socket.closed) return;
  await new Promise<void>((resolve) =>
    socket.once("close", () => {
      resolve();
    }),
  );
}

const headOf = (line: string, signedIn = true): string =>
  `${line} HTTP/1.1\r\nHost: server\r\n${signedIn ? `Authorization: Bearer ${token}\r\n` : ""}`;
const bodyOf = (line: string, signedIn = true): string =>
  `${headOf(line, signedIn)}Content-Type: application/json\r\nContent-Length: 90000\r\n\r\n{`;

/** How a client asks that never ends what it says, and what it hears. */
const slow: Record<string, () => { beginning: string; more: string; status: number }> = {
  "says nothing at all": () => ({ beginning: "", more: "", status: 408 }),
  "never ends a header": () => ({ beginning: `${headOf("GET /healthz")}X-Long: `, more: "x", status: 408 }),
  "sends header after header": () => ({ beginning: headOf("GET /healthz"), more: "X-More: x\r\n", status: 408 }),
  "stops in its headers": () => ({ beginning: headOf("POST /graphql"), more: "", status: 408 }),
  "never ends a body of GraphQL": () => ({ beginning: bodyOf("POST /graphql"), more: " ", status: 408 }),
  "never ends a body of REST": () => ({
    beginning: bodyOf(`POST ${prefix}connections/1/resync/`),
    more: " ",
    status: 408,
  }),
  "stops in its body": () => ({ beginning: bodyOf("POST /graphql"), more: "", status: 408 }),
  "goes on with a body after its refusal": () => ({
    beginning: bodyOf("POST /graphql", false),
    more: " ",
    status: 401,
  }),
  "sends chunk after chunk": () => ({
    beginning: `${headOf("POST /graphql")}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`,
    more: "1\r\n \r\n",
    status: 408,
  }),
};

describe("a client loses its connection, and nobody else waits for it, that", () => {
  test.each(Object.entries(slow))("%s", async (_name, request) => {
    const { beginning, more, status } = request();
    const over = dribble(server, beginning, more);
    expect((await server.ask("{ viewer { id } }")).status).toBe(200);
    const answer = await over;
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  });
});

/** Asks for the longest answer there is, and reads nothing before the server has given the request up. Whether all of it came then. */
async function readLate(from: TestServer, requestId: string, isOver: () => Promise<boolean>): Promise<boolean> {
  const socket = await connected(from);
  socket.pause();
  socket.write(
    `GET /graphql HTTP/1.1\r\nHost: server\r\nAccept: text/html\r\nX-Request-Id: ${requestId}\r\nConnection: close\r\n\r\n`,
  );
  await until(isOver);
  let length = 0;
  let whole = Infinity;
  socket.on("data", (chunk: Buffer) => {
    if (length === 0) whole = Number(/content-length: (\d+)/i.exec(chunk.toString("latin1"))?.[1]);
    length += chunk.length;
  });
  socket.resume();
  await closed(socket);
  return length >= whole;
}

function logOf({ logLines }: TestServer, requestId: string): Promise<boolean> {
  return Promise.resolve(logLines.some((line) => line.includes(`"requestId":"${requestId}"`)));
}

test("a client loses its connection that never reads its answer, and the log says that it was not read", async () => {
  expect(await readLate(server, "unread", () => logOf(server, "unread"))).toBe(false);
  const line = server.logLines.find((text) => text.includes('"requestId":"unread"'));
  expect(JSON.parse(String(line))).toMatchObject({ status: 200, isComplete: false });
  expect((await server.ask("{ viewer { id } }")).status).toBe(200);
});

describe("a server without the limit is noticed", () => {
  let planted: TestServer;
  beforeAll(async () => {
    planted = await startTestServer({ timeouts: { headersMs: never, requestMs: never, answerMs: never } });
  });
  afterAll(() => planted.stop());

  test("by clients that are slow in asking", async () => {
    const ended: string[] = [];
    const twiceAsLong = Object.entries(slow).map(async ([name, request]) => {
      const { beginning, more } = request();
      void dribble(planted, beginning, more).then(() => ended.push(name));
      await dribble(server, beginning, more);
      await dribble(server, beginning, more);
    });
    await Promise.all(twiceAsLong);
    expect(ended).toEqual([]);
  });

  test("by a client that never reads its answer", async () => {
    const isOver = () => logOf(server, "compared");
    const areWhole = [readLate(server, "compared", isOver), readLate(planted, "unlimited", isOver)];
    expect(await Promise.all(areWhole)).toEqual([false, true]);
  });
});

test("slow clients are no errors of the server's", () => {
  expect(server.logLines.filter((line) => /"level":(50|60)/.test(line))).toEqual([]);
});
