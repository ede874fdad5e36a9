/** Deeper than any real body; a parser that follows it further could run out of stack. */
const deepest = 200;

const constants = ["true", "false", "null"];
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?/y;
const blanks = /[ \t\n\r]*/y;
/** Python's, which RFC 8259 does not have. */
const outOfRange = ["NaN", "-Infinity", "Infinity"];

/** A text is no JSON; the message says what is wrong and where, in the words of Python's json module. */
export class JsonTextError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "JsonTextError";
  }
}

/**
 * The value that a text of JSON stands for. Of a repeated key the last one counts.
 * @throws JsonTextError
 */
export function parseJsonText(text: string): unknown {
  if (text.startsWith("\ufeff")) throw fault("Unexpected UTF-8 BOM (decode using utf-8-sig)", text, 0);
  new JsonCheck(text).check();
  return JSON.parse(text);
}

function fault(reason: string, text: string, at: number): JsonTextError {
  const before = Array.from(text.slice(0, at));
  const column = before.length - before.lastIndexOf("\n");
  const line = before.filter((character) => character === "\n").length + 1;
  return new JsonTextError(`${reason}: line ${line} column ${column} (char ${before.length})`);
}

/** Reads a text as Python does, so that clients are told the same of what is wrong. */
class JsonCheck {
  #at = 0;

  constructor(private readonly text: string) {}

  check(): void {
    this.#skip(blanks);
    this.#value(0);
    this.#skip(blanks);
    if (this.#at < this.text.length) throw this.#fault("Extra data");
  }

  #value(depth: number): void {
    if (depth > deepest) throw new JsonTextError("Nested too deeply");
    const character = this.text[this.#at];
    if (character === '"') this.#string();
    else if (character === "{") this.#object(depth);
    else if (character === "[") this.#array(depth);
    else this.#scalar();
  }

  #scalar(): void {
    const rest = this.text.slice(this.#at, this.#at + "-Infinity".length);
    const constant = constants.find((word) => rest.startsWith(word));
    const excess = outOfRange.find((word) => rest.startsWith(word));
    if (excess !== undefined) {
      throw new JsonTextError(`Out of range float values are not JSON compliant: '${excess}'`);
    }
    if (constant !== undefined) this.#at += constant.length;
    else if (!this.#skip(number)) throw this.#fault("Expecting value");
  }

  #array(depth: number): void {
    this.#at += 1;
    this.#skip(blanks);
    if (this.#take("]")) return;
    for (;;) {
      this.#value(depth + 1);
      this.#skip(blanks);
      if (this.#take("]")) return;
      if (!this.#take(",")) throw this.#fault("Expecting ',' delimiter");
      this.#skip(blanks);
    }
  }

  #object(depth: number): void {
    this.#at += 1;
    this.#skip(blanks);
    if (this.#take("}")) return;
    for (;;) {
      if (this.text[this.#at] !== '"') throw this.#fault("Expecting property name enclosed in double quotes");
      this.#string();
      this.#skip(blanks);
      if (!this.#take(":")) throw this.#fault("Expecting ':' delimiter");
      this.#skip(blanks);
      this.#value(depth + 1);
      this.#skip(blanks);
      if (this.#take("}")) return;
      if (!this.#take(",")) throw this.#fault("Expecting ',' delimiter");
      this.#skip(blanks);
    }
  }

  #string(): void {
    const start = this.#at;
    this.#at += 1;
    for (;;) {
      const character = this.text[this.#at];
      if (character === undefined) throw fault("Unterminated string starting at", this.text, start);
      if (character < " ") throw this.#fault("Invalid control character at");
      if (character === "\\") this.#escape(start);
      else this.#at += 1;
      if (character === '"') return;
    }
  }

  #escape(start: number): void {
    const escaped = this.text[this.#at + 1];
    if (escaped === undefined) throw fault("Unterminated string starting at", this.text, start);
    if (escaped === "u") {
      if (!/^[0-9a-f]{4}$/i.test(this.text.slice(this.#at + 2, this.#at + 6))) {
        throw fault("Invalid \\uXXXX escape", this.text, this.#at + 1);
      }
      this.#at += 6;
    } else if (`"\\/bfnrt`.includes(escaped)) this.#at += 2;
    else throw this.#fault("Invalid \\escape");
  }

  /** Goes on past what the pattern finds here; whether that is anything. */
  #skip(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    const [found = ""] = pattern.exec(this.text) ?? [];
    this.#at += found.length;
    return found !== "";
  }

  #take(character: string): boolean {
    if (this.text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  #fault(reason: string): JsonTextError {
    return fault(reason, this.text, this.#at);
  }
}
