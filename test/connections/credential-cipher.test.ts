import { randomBytes } from "node:crypto";
import { inspect } from "node:util";
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import {
  CredentialCipher,
  CredentialKeysError,
  CredentialUnreadableError,
  parseCredentialKeys,
  type CredentialPlace,
  type EncryptedCredential,
} from "../../src/connections/credential-cipher.js";

const firstKey = randomBytes(32).toString("base64");
const secondKey = randomBytes(32).toString("base64");
const refreshToken = "1//canary-refresh-token";
const place: CredentialPlace = { firmId: "17", connectionId: "4", column: "refresh_token" };

const cipherWith = (keys: string): CredentialCipher => new CredentialCipher(parseCredentialKeys(keys));

function faultsOf(keys: string): readonly string[] {
  try {
    parseCredentialKeys(keys);
  } catch (error) {
    if (error instanceof CredentialKeysError) return error.faults;
    throw error;
  }
  return [];
}

function failureOf(cipher: CredentialCipher, encrypted: EncryptedCredential, at = place): CredentialUnreadableError {
  try {
    cipher.decrypt(encrypted, at);
  } catch (error) {
    if (error instanceof CredentialUnreadableError) return error;
    throw error;
  }
  throw new Error("it decrypted");
}

describe("the encryption of stored provider tokens", () => {
  const cipher = cipherWith(`1:${firstKey}`);

  test("what was encrypted for a place decrypts there, whatever the text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(cipher.decrypt(cipher.encrypt(text, place), place)).toBe(text);
      }),
    );
  });

  test("the stored bytes are a 12-byte nonce, the ciphertext and a 16-byte tag, and show nothing of the token", () => {
    const { ciphertext } = cipher.encrypt(refreshToken, place);
    expect(ciphertext).toHaveLength(12 + refreshToken.length + 16);
    expect(ciphertext.includes("canary")).toBe(false);
  });

  test("the same token never looks the same twice", () => {
    const seen = new Set(Array.from({ length: 1000 }, () => cipher.encrypt("token", place).ciphertext.toString("hex")));
    expect(seen.size).toBe(1000);
  });

  test("any changed bit is noticed", () => {
    const encrypted = cipher.encrypt(refreshToken, place);
    for (let bit = 0; bit < encrypted.ciphertext.length * 8; bit += 1) {
      const ciphertext = Buffer.from(encrypted.ciphertext);
      ciphertext[bit >> 3] = (ciphertext[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(() => cipher.decrypt({ ...encrypted, ciphertext }, place)).toThrow(CredentialUnreadableError);
    }
  });

  test("any shortened ciphertext is noticed", () => {
    const encrypted = cipher.encrypt(refreshToken, place);
    for (let length = 0; length < encrypted.ciphertext.length; length += 1) {
      const ciphertext = encrypted.ciphertext.subarray(0, length);
      expect(() => cipher.decrypt({ ...encrypted, ciphertext }, place)).toThrow(CredentialUnreadableError);
    }
  });

  test.each<[string, Partial<CredentialPlace>]>([
    ["another firm", { firmId: "18" }],
    ["another connection", { connectionId: "5" }],
    ["another column", { column: "access_token" }],
    ["a place whose parts join to the same text", { firmId: "1", connectionId: "74" }],
  ])("a ciphertext moved to %s does not decrypt", (_name, moved) => {
    const encrypted = cipher.encrypt(refreshToken, place);
    expect(() => cipher.decrypt(encrypted, { ...place, ...moved })).toThrow(CredentialUnreadableError);
  });

  test("a failure names firm, connection and key version, and nothing of the content", () => {
    const encrypted = cipher.encrypt(refreshToken, place);
    const failure = failureOf(cipher, encrypted, { ...place, firmId: "18" });
    expect(failure).toMatchObject({ firmId: "18", connectionId: "4", keyVersion: 1 });
    expect(failure.message).toContain("refresh_token of connection 4 of firm 18 with key version 1");
    const everything = inspect(failure, { depth: null, showHidden: true });
    for (const secret of [refreshToken, firstKey, encrypted.ciphertext.toString("hex")]) {
      expect(everything).not.toContain(secret);
    }
  });
});

describe("key versions", () => {
  const old = cipherWith(`1:${firstKey}`);
  const rotated = cipherWith(`10:${secondKey},1:${firstKey}`);

  test("the highest version encrypts, whatever the order they are given in", () => {
    expect(rotated.currentKeyVersion).toBe(10);
    expect(rotated.encrypt(refreshToken, place).keyVersion).toBe(10);
  });

  test("every known version decrypts", () => {
    expect(rotated.decrypt(old.encrypt(refreshToken, place), place)).toBe(refreshToken);
    expect([rotated.hasKeyVersion(1), rotated.hasKeyVersion(10), rotated.hasKeyVersion(2)]).toEqual([
      true,
      true,
      false,
    ]);
  });

  test("a version without key is a failure that says so", () => {
    const failure = failureOf(old, rotated.encrypt(refreshToken, place));
    expect(failure.keyVersion).toBe(10);
    expect(failure.message).toContain("there is no such key");
  });

  test("a ciphertext stored with a wrong version does not decrypt, even under the same key", () => {
    const twice = cipherWith(`1:${firstKey},2:${firstKey}`);
    const encrypted = twice.encrypt(refreshToken, place);
    expect(() => twice.decrypt({ ...encrypted, keyVersion: 1 }, place)).toThrow(CredentialUnreadableError);
  });

  test("a version whose key was replaced by another one does not decrypt", () => {
    const replaced = cipherWith(`1:${secondKey}`);
    expect(() => replaced.decrypt(old.encrypt(refreshToken, place), place)).toThrow(CredentialUnreadableError);
  });

  test("no key at all is refused", () => {
    expect(() => new CredentialCipher(new Map())).toThrow(CredentialKeysError);
  });
});

describe("reading the keys", () => {
  const shortKey = randomBytes(16).toString("base64");

  test("spaces around the entries are ignored", () => {
    expect([...parseCredentialKeys(` 1:${firstKey} , 2:${secondKey}\n`).keys()]).toEqual([1, 2]);
  });

  test.each([
    ["nothing", "", ["key 1: is not of the form VERSION:KEY"]],
    ["a key without version", firstKey, ["key 1: is not of the form VERSION:KEY"]],
    ["version 0", `0:${firstKey}`, ["key 1: its version is not a whole number from 1 to 32767"]],
    ["a version past the column", `32768:${firstKey}`, ["key 1: its version is not a whole number from 1 to 32767"]],
    ["a version in another notation", `1e1:${firstKey}`, ["key 1: its version is not a whole number from 1 to 32767"]],
    ["a key of 16 bytes", `1:${shortKey}`, ["key 1: is not the base64 of 32 bytes"]],
    ["a key that is not base64", `1:${"*".repeat(44)}`, ["key 1: is not the base64 of 32 bytes"]],
    ["a key with rubbish after it", `1:${firstKey}!`, ["key 1: is not the base64 of 32 bytes"]],
    ["a version that is there twice", `1:${firstKey},1:${secondKey}`, ["key 2: version 1 is there twice"]],
    ["a trailing comma", `1:${firstKey},`, ["key 2: is not of the form VERSION:KEY"]],
  ])("%s is refused", (_name, text, faults) => {
    expect(faultsOf(text)).toEqual(faults);
  });

  test("every fault is told at once, and none shows what was written", () => {
    const faults = faultsOf(`1:${firstKey}AAAA,x:${secondKey},3:${firstKey}`);
    expect(faults).toHaveLength(2);
    expect(faults.join()).not.toContain(firstKey.slice(0, 8));
    expect(faults.join()).not.toContain(secondKey.slice(0, 8));
  });

  test("printing keys or cipher shows no key material", () => {
    const keys = parseCredentialKeys(`1:${firstKey}`);
    const printed = inspect([keys, new CredentialCipher(keys)], { depth: null, showHidden: true });
    expect(printed).not.toContain(firstKey);
    expect(printed).not.toContain(Buffer.from(firstKey, "base64").toString("hex").slice(0, 16));
    expect(JSON.stringify([[...keys.values()], new CredentialCipher(keys)])).not.toContain(firstKey);
  });
});
