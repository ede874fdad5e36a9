import { afterEach, expect, jest, test } from "@jest/globals";
import type { Actor } from "../../src/access/actor.js";
import { VerifiedTokens } from "../../src/access/verified-tokens.js";

const actor: Actor = { userId: "42", firmId: "1", role: "manager", name: null };
const inAnHour = (): number => Date.now() + 3_600_000;

afterEach(() => {
  jest.restoreAllMocks();
});

function remembered(tokens: VerifiedTokens, asked: string[]): string[] {
  return asked.filter((token) => tokens.find(token) === actor);
}

test("so many are remembered, and the least recently used one goes first", () => {
  const tokens = new VerifiedTokens(3);
  for (const token of ["a", "b", "c"]) tokens.keep(token, actor, inAnHour());
  expect(tokens.find("a")).toBe(actor);
  tokens.keep("d", actor, inAnHour());
  expect(remembered(tokens, ["a", "b", "c", "d"])).toEqual(["a", "c", "d"]);
});

test("without the limit as many as come are, which is noticed here", () => {
  const tokens = new VerifiedTokens(Infinity);
  for (const token of ["a", "b", "c", "d"]) tokens.keep(token, actor, inAnHour());
  expect(remembered(tokens, ["a", "b", "c", "d"])).toEqual(["a", "b", "c", "d"]);
});

test("one that is verified twice at the same time takes the place of no other", () => {
  const tokens = new VerifiedTokens(2);
  for (const token of ["a", "b", "b"]) tokens.keep(token, actor, inAnHour());
  expect(remembered(tokens, ["a", "b"])).toEqual(["a", "b"]);
});

test("none is remembered from its end on", () => {
  const tokens = new VerifiedTokens();
  const end = inAnHour();
  tokens.keep("a", actor, end);
  const now = jest.spyOn(Date, "now").mockReturnValue(end - 1);
  expect(tokens.find("a")).toBe(actor);
  now.mockReturnValue(end);
  expect(tokens.find("a")).toBeNull();
});

test("a token that begins or ends as a remembered one is another one", () => {
  const tokens = new VerifiedTokens();
  tokens.keep("header.body.signature", actor, inAnHour());
  expect(remembered(tokens, ["header.body.signatur", "header.body.signature2", "eader.body.signature"])).toEqual([]);
});
