import { gzipSync } from "node:zlib";
import { brokenAnswers } from "../../src/providers/broken-answers.js";
import { json, text, type AnswerRequest } from "./provider-server.js";

const jsonType = { "content-type": "application/json" };
/** Of which an answer holds a part. */
const page = JSON.stringify({ items: [], value: [], nextSyncToken: "since" });

/** Answers nothing. */
export const hang: AnswerRequest = () => undefined;
const reset: AnswerRequest = ({ socket }) => socket?.resetAndDestroy();
const closeEarly: AnswerRequest = ({ socket }) => socket?.end();
export const hangInTheBody: AnswerRequest = (response) => {
  response.writeHead(200, jsonType).write(page.slice(0, 5));
};
const breakOffInTheBody: AnswerRequest = (response) => {
  response.writeHead(200, { ...jsonType, "content-length": String(page.length) });
  response.write(page.slice(0, 5), () => response.socket?.end());
};
const truncate: AnswerRequest = (response) => response.writeHead(200, jsonType).end(page.slice(0, -4));

/** Sends a text byte by byte, faster than any wait for the next byte ends. */
function dribble(sent: string): AnswerRequest {
  return ({ socket }) => {
    let next = 0;
    const timer = setInterval(() => socket?.write(sent.charAt(next++ % sent.length)), 50);
    socket?.once("close", () => {
      clearInterval(timer);
    });
  };
}
export const dribbleHeaders = dribble("HTTP/1.1 200 OK\r\n" + "x-filler: 1\r\n".repeat(100));
export const dribbleBody: AnswerRequest = (response, request) => {
  response.writeHead(200, { ...jsonType, "content-length": "100000" }).flushHeaders();
  dribble(" ")(response, request);
};

/** Sends a piece over and over, without length. */
const sendForever =
  (piece: Buffer, headers: Record<string, string>): AnswerRequest =>
  (response) => {
    response.writeHead(200, headers);
    const more = (error?: Error | null): void => {
      if (!error) response.write(piece, more);
    };
    more();
  };
export const endless = sendForever(Buffer.alloc(1024 * 1024, " "), jsonType);
/** Compressed pieces that are all empty. */
export const endlessNothings = sendForever(gzipSync(""), { ...jsonType, "content-encoding": "gzip" });
const announceLarge: AnswerRequest = (response) => {
  response.writeHead(200, { ...jsonType, "content-length": String(300 * 1024 * 1024) });
  response.write(Buffer.alloc(17 * 1024 * 1024, " "));
};
const compressed = (body: Buffer, encoding = "gzip"): AnswerRequest => {
  return (response) => response.writeHead(200, { ...jsonType, "content-encoding": encoding }).end(body);
};

type BrokenAnswerName = (typeof brokenAnswers)[number]["answer"];

const answers: Readonly<Record<BrokenAnswerName, AnswerRequest>> = {
  "no answer at all": hang,
  "a reset connection": reset,
  "a connection closed before the answer": closeEarly,
  "an answer that stops in the middle": hangInTheBody,
  "a connection closed in the middle of the answer": breakOffInTheBody,
  "a truncated answer that looks complete": truncate,
  "headers byte by byte": dribbleHeaders,
  "a body byte by byte": dribbleBody,
  "a web page with 200": text("<html>sign in</html>", "text/html"),
  "an empty 200": text("", "application/json"),
  "a 204": (response) => response.writeHead(204).end(),
  "a 304": (response) => response.writeHead(304).end(),
  null: json(null),
  "an endless answer": endless,
  "a page of 300 MB": announceLarge,
  "a page of 300 MB in 300 kB": compressed(gzipSync(Buffer.alloc(300 * 1024 * 1024, " "))),
  "broken compression": compressed(Buffer.from("no gzip")),
  "truncated compression": compressed(gzipSync(page).subarray(0, 20)),
  "a compression nobody asked for": compressed(Buffer.from(page), "br"),
  "something that is not HTTP": ({ socket }) => socket?.end("SSH-2.0-OpenSSH_9\r\n"),
  "headers of a megabyte": (response) => response.writeHead(200, { x: "y".repeat(1024 * 1024) }).end(),
  "a status of its own": (response) => response.writeHead(999).end(),
};

/** What may happen to a request, and as what it is reported. */
export const faults: [string, AnswerRequest, string][] = brokenAnswers.map(({ answer, code }) => [
  answer,
  answers[answer],
  code,
]);
