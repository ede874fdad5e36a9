import { describe, expect, test } from "@jest/globals";
import { eventKeyOfGoogleId, googleIdOf } from "../../../src/providers/google/event-key.js";

const eventKey = "0f8fad5b-d9cb-469f-a165-70867728950e";

describe("the id of an event of ours at Google", () => {
  test("is of the letters and length that Google allows, and tells the key", () => {
    expect(googleIdOf(eventKey)).toMatch(/^[a-v0-9]{5,1024}$/);
    expect(eventKeyOfGoogleId(googleIdOf(eventKey))).toBe(eventKey);
    expect(googleIdOf(eventKey.toUpperCase())).toBe(googleIdOf(eventKey));
  });

  test.each([
    ["an id that Google has made", "6oq3ecj4c8o62b9k74o3ib9k6ssj4b9p"],
    ["an imported event's id", "_6oq3ecj4c8o62b9k74o3ib9k6ssj4b9p60q30d1g60o30e1g60o4ac1g60rj8gpl"],
    ["the bare digits of a key", "0f8fad5bd9cb469fa16570867728950e"],
    ["an occurrence of a series", `${googleIdOf(eventKey)}_20260131T090000Z`],
    ["something longer", `${googleIdOf(eventKey)}0`],
    ["something with another letter", `${googleIdOf(eventKey).slice(0, -1)}g`],
  ])("is not taken from %s", (_name, id) => {
    expect(eventKeyOfGoogleId(id)).toBeNull();
  });
});
