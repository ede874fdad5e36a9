import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, expect, test } from "@jest/globals";
import { fileLines, longestLineBytes, type FileLine } from "../../src/import/file-lines.js";

const folder = mkdtempSync(join(tmpdir(), "calendar-sync-lines-"));

afterAll(() => {
  rmSync(folder, { recursive: true });
});

async function linesOf(content: string | Buffer): Promise<FileLine[]> {
  const path = join(folder, "lines");
  writeFileSync(path, content);
  const lines: FileLine[] = [];
  for await (const some of fileLines(path)) lines.push(...some);
  return lines;
}

test("lines end with LF or CRLF, the last one perhaps with neither", async () => {
  const lines = [1, 2, 3].map((number) => ({ number, text: `line ${number}` }));
  expect(await linesOf("line 1\nline 2\r\nline 3")).toEqual(lines);
  expect(await linesOf("line 1\r\nline 2\nline 3\n")).toEqual(lines);
});

test("blank lines count, and are left out", async () => {
  expect(await linesOf("\n\r\n a \n\n")).toEqual([{ number: 3, text: " a " }]);
  expect(await linesOf("")).toEqual([]);
});

test("a byte order mark is taken off the beginning, and off nothing else", async () => {
  expect(await linesOf("\uFEFFa\n\uFEFFb")).toEqual([
    { number: 1, text: "a" },
    { number: 2, text: "\uFEFFb" },
  ]);
});

test("what is not UTF-8 is told, and the lines after it are read", async () => {
  expect(await linesOf(Buffer.from("a\n\xff\nc\xe4\nd", "latin1"))).toEqual([
    { number: 1, text: "a" },
    { number: 2, fault: "is not UTF-8" },
    { number: 3, fault: "is not UTF-8" },
    { number: 4, text: "d" },
  ]);
});

test("a compressed file is told as such", async () => {
  expect((await linesOf(gzipSync("a\n")))[0]).toEqual({ number: 1, fault: "is compressed: unpack the file first" });
});

test("a line of 1 MiB is read, a longer one told, wherever the pieces of the file are cut", async () => {
  const longest = "é".repeat(longestLineBytes / 2);
  const lines = await linesOf(`a\n${longest}\n${longest}x\nb\n${longest}${longest}`);
  expect(lines).toEqual([
    { number: 1, text: "a" },
    { number: 2, text: longest },
    { number: 3, fault: "is longer than 1 MiB" },
    { number: 4, text: "b" },
    { number: 5, fault: "is longer than 1 MiB" },
  ]);
});
