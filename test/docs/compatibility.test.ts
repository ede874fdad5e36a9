import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { routes } from "../../src/rest/routes.js";

const root = new URL("../../", import.meta.url);
const page = readFileSync(new URL("docs/compatibility.md", root), "utf8");

/** Of this project: what stands between backticks and begins with one of its folders. */
const paths = [...new Set([...page.matchAll(/`((?:src|test|docs|schema)\/[^`]+)`/g)].map(([, path = ""]) => path))];

interface NamedTest {
  file: string;
  name: string;
}

/** Sentences between quotes, of the file before them: `test/a.test.ts`: "one", "another". */
function namedTests(text: string): NamedTest[] {
  const lists = text.matchAll(/`(test\/[^`]+)`:\s+("[^"]+"(?:, "[^"]+")*)/g);
  return [...lists].flatMap(([, file = "", names = ""]) =>
    [...names.matchAll(/"([^"]+)"/g)].map(([, name = ""]) => ({ file, name })),
  );
}

/** As a test's name, or as that of a recorded case. */
function hasTest({ file, name }: NamedTest): boolean {
  const escaped = name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`(\\(\\s*|"name":)"${escaped}"`).test(readFileSync(new URL(file, root), "utf8"));
}

describe("the page on compatibility", () => {
  test("names only files that exist", () => {
    expect(paths.filter((path) => !existsSync(new URL(path, root)))).toEqual([]);
    expect(paths.length).toBeGreaterThan(15);
  });

  test("names only tests that exist", () => {
    const tests = namedTests(page);
    expect(tests.filter((named) => !hasTest(named))).toEqual([]);
    expect(tests.length).toBeGreaterThan(60);
  });

  test("would be found out if it named one that does not", () => {
    const [none] = namedTests('| a row | `test/docs/compatibility.test.ts`: "no such test" |');
    expect(none && hasTest(none)).toBe(false);
  });

  test("puts no sentence between quotes that is taken for no test, in a row that names a test file", () => {
    const cells = page
      .split("\n")
      .filter((line) => line.startsWith("|"))
      .map((line) => line.split(" | ").at(-1) ?? "");
    const loose = cells
      .filter((cell) => cell.includes("`test/"))
      .map((cell) => cell.split('"').length - 1 - 2 * namedTests(cell).length);
    expect(loose.filter((quotes) => quotes !== 0)).toEqual([]);
  });

  test("has every route", () => {
    const missing = routes.filter(({ method, path }) => path !== "" && !page.includes(`\`${method} ${path}\``));
    expect(missing.map(({ path }) => path)).toEqual([]);
  });

  test("links only to headings that it has", () => {
    const headings = [...page.matchAll(/^#+ (.*)$/gm)].map(([, text = ""]) => anchorOf(text));
    const links = [...page.matchAll(/\]\(#([^)]+)\)/g)].map(([, anchor]) => anchor);
    expect(links.filter((anchor) => !headings.includes(String(anchor)))).toEqual([]);
    expect(links.length).toBeGreaterThan(5);
  });
});

/** As GitHub makes it. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\w\- ]/g, "")
    .replaceAll(" ", "-");
}
