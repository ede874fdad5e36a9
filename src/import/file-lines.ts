import { createReadStream } from "node:fs";

/** A line of a file: its text, or what is wrong with it as text. Numbers count from 1, blank lines too. */
export type FileLine = { number: number; text: string } | { number: number; fault: string };

export const longestLineBytes = 1_048_576;

const newline = 0x0a;
const carriageReturn = 0x0d;
const byteOrderMark = "\uFEFF";

/**
 * The lines of a UTF-8 file, in the order they stand, some at a time. Takes LF and CRLF and a byte order mark at the beginning; blank lines
 * are left out. Never holds more than a piece of the file and one line of at most 1 MiB; of a longer one only its number is told.
 */
export async function* fileLines(path: string): AsyncGenerator<FileLine[]> {
  const lines = new LineSplitter();
  for await (const chunk of createReadStream(path, { highWaterMark: 262_144 })) {
    yield lines.split(chunk as Buffer);
  }
  yield lines.rest();
}

class LineSplitter {
  private readonly decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  private number = 1;
  private begun: Buffer[] = [];
  private begunBytes = 0;

  split(chunk: Buffer): FileLine[] {
    const lines: FileLine[] = [];
    let start = 0;
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
      this.add(chunk.subarray(start, end));
      lines.push(...this.take());
      start = end + 1;
    }
    this.add(chunk.subarray(start));
    return lines;
  }

  /** The last line, which may lack its end. */
  rest(): FileLine[] {
    return this.take();
  }

  /** Of a line that is too long, only the length is kept. */
  private add(piece: Buffer): void {
    this.begunBytes += piece.length;
    if (this.begunBytes > longestLineBytes) this.begun = [];
    else if (piece.length > 0) this.begun.push(piece);
  }

  private take(): FileLine[] {
    const [only, ...more] = this.begun;
    const bytes = only && more.length === 0 ? only : Buffer.concat(this.begun);
    const isTooLong = this.begunBytes > longestLineBytes;
    const number = this.number++;
    this.begun = [];
    this.begunBytes = 0;
    if (isTooLong) return [{ number, fault: "is longer than 1 MiB" }];
    return this.decoded(number, bytes);
  }

  private decoded(number: number, bytes: Buffer): FileLine[] {
    const isGzip = number === 1 && bytes[0] === 0x1f && bytes[1] === 0x8b;
    if (isGzip) return [{ number, fault: "is compressed: unpack the file first" }];
    try {
      const end = bytes.at(-1) === carriageReturn ? bytes.length - 1 : bytes.length;
      const text = this.decoder.decode(bytes.subarray(0, end));
      const line = number === 1 && text.startsWith(byteOrderMark) ? text.slice(1) : text;
      return line.trim() === "" ? [] : [{ number, text: line }];
    } catch {
      return [{ number, fault: "is not UTF-8" }];
    }
  }
}
