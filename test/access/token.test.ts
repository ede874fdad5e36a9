import { createHmac, generateKeyPairSync, type KeyObject } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { exportJWK, SignJWT } from "jose";
import { createTokenVerifier, signToken, type TokenConfig } from "../../src/access/token.js";
import { AppError } from "../../src/errors.js";

const secret = "a secret of the tests, 32 bytes or more";
const previous = "an older secret, which still verifies for a while";
const config: TokenConfig = {
  secrets: [secret, previous],
  jwksUrl: null,
  issuer: null,
  audience: null,
  claims: { user: null, firm: "firm_id", role: "role" },
};

const soon = () => Math.floor(Date.now() / 1000) + 600;
const claims = () => ({ sub: "42", firm_id: 17, role: "manager", exp: soon() });

function hs256(payload: object, key = secret, header: object = { alg: "HS256", typ: "JWT" }): string {
  const text = [header, payload].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  return `${text}.${createHmac("sha256", key).update(text).digest("base64url")}`;
}

async function codeFor(token: string, withConfig = config): Promise<string> {
  try {
    await createTokenVerifier(withConfig)(token);
    return "accepted";
  } catch (error) {
    return error instanceof AppError ? error.code : String(error);
  }
}

describe("a token by secret", () => {
  test("says who its bearer is", async () => {
    const verify = createTokenVerifier(config);
    expect(await verify(hs256({ ...claims(), name: "Mara" }))).toEqual({
      userId: "42",
      firmId: "17",
      role: "manager",
      name: "Mara",
    });
  });

  test("may be signed with the previous secret, and have its firm as text or its user as user_id", async () => {
    const verify = createTokenVerifier(config);
    const token = hs256(
      { ...claims(), sub: undefined, user_id: 7, firm_id: "9223372036854775807", token_type: "access" },
      previous,
    );
    expect(await verify(token)).toEqual({ userId: "7", firmId: "9223372036854775807", role: "manager", name: null });
  });

  test.each(["JWT", "jwt", "at+jwt", "application/at+jwt", undefined])("may be of the kind %s", async (typ) => {
    expect(await codeFor(hs256(claims(), secret, { alg: "HS256", typ }))).toBe("accepted");
  });

  test("is accepted again from memory, but not beyond its end", async () => {
    const verify = createTokenVerifier(config);
    const token = hs256({ ...claims(), exp: Math.floor(Date.now() / 1000) + 2 });
    const actor = await verify(token);
    expect(await verify(token)).toBe(actor);
    await expect(
      (async () => {
        for (;;) {
          await verify(token);
          await new Promise((resolve) => setTimeout(resolve, 100));
        }
      })(),
    ).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
  });

  test("that we sign is one that we accept, also with an issuer, an audience and other claim names", async () => {
    const strict = {
      ...config,
      issuer: "us",
      audience: "them",
      claims: { user: "uid", firm: "tenant", role: "grade" },
    };
    const token = await signToken(strict, {
      userId: "u",
      firmId: "9223372036854775807",
      role: "partner",
      name: null,
      hours: 1,
    });
    expect(await createTokenVerifier(strict)(token)).toEqual({
      userId: "u",
      firmId: "9223372036854775807",
      role: "partner",
      name: null,
    });
    expect(await codeFor(token)).toBe("UNAUTHENTICATED");
  });
});

describe("a token is refused", () => {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const rs256 = (header: object) =>
    new SignJWT(claims()).setProtectedHeader({ alg: "RS256", ...header }).sign(privateKey);
  const none = `${hs256(claims(), secret, { alg: "none" }).split(".").slice(0, 2).join(".")}.`;
  const good = hs256(claims());
  const [head = "", body = "", signature = ""] = good.split(".");
  const cases: [name: string, token: string | Promise<string>][] = [
    ["that is empty", ""],
    ["that is no token", "abc"],
    ["of two parts", `${head}.${body}`],
    ["of four parts", `${good}.${signature}`],
    ["of five parts", `${good}..`],
    ["without a signature", `${head}.${body}.`],
    ["with another signature", `${head}.${body}.${signature.split("").reverse().join("")}`],
    [
      "with another body",
      `${head}.${Buffer.from(JSON.stringify({ ...claims(), role: "firm_admin" })).toString("base64url")}.${signature}`,
    ],
    ["signed with another secret", hs256(claims(), "another secret")],
    ["that is unsigned", none],
    ["that is unsigned in capitals", hs256(claims(), secret, { alg: "NONE" })],
    ["signed by RS256", rs256({})],
    ["that brings its own key", rs256({ jwk: { kty: "oct", k: "AAAA" } })],
    ["that says where its key is", rs256({ jku: "http://127.0.0.1:1/keys", kid: "1" })],
    ["with a key id that is a path", hs256(claims(), "", { alg: "HS256", kid: "../../../dev/null" })],
    ["with a key id that is SQL", hs256(claims(), "x", { alg: "HS256", kid: "' union select 'x" })],
    ["signed by HS512", hs256(claims(), secret, { alg: "HS512" })],
    ["with an unknown critical header", hs256(claims(), secret, { alg: "HS256", crit: ["x"], x: 1 })],
    ["that has expired", hs256({ ...claims(), exp: 1 })],
    ["that begins later", hs256({ ...claims(), nbf: soon() })],
    ["without an end", hs256({ ...claims(), exp: undefined })],
    ["with an end that is text", hs256({ ...claims(), exp: "tomorrow" })],
    ["that refreshes others", hs256({ ...claims(), token_type: "refresh" })],
    ["that refreshes others, by the previous secret", hs256({ ...claims(), token_type: "refresh" }, previous)],
    ["whose token type is null", hs256({ ...claims(), token_type: null })],
    ["whose token type is of another case", hs256({ ...claims(), token_type: "Access" })],
    ["of another kind", hs256(claims(), secret, { alg: "HS256", typ: "logout+jwt" })],
    ["of no kind that is a text", hs256(claims(), secret, { alg: "HS256", typ: ["JWT"] })],
    ["without a user", hs256({ ...claims(), sub: undefined })],
    ["with an empty user", hs256({ ...claims(), sub: "" })],
    ["with a user of control characters", hs256({ ...claims(), sub: "a\0b" })],
    ["without a firm", hs256({ ...claims(), firm_id: undefined })],
    ["of firm 0", hs256({ ...claims(), firm_id: 0 })],
    ["of a negative firm", hs256({ ...claims(), firm_id: -1 })],
    ["of a firm beyond int64", hs256({ ...claims(), firm_id: "9223372036854775808" })],
    ["of half a firm", hs256({ ...claims(), firm_id: 1.5 })],
    ["of a list of firms", hs256({ ...claims(), firm_id: [1] })],
    ["of firm true", hs256({ ...claims(), firm_id: true })],
    ["with an unknown role", hs256({ ...claims(), role: "owner" })],
    ["with a role of another case", hs256({ ...claims(), role: "Manager" })],
    ["with a list of roles", hs256({ ...claims(), role: ["manager"] })],
    ["whose body is no object", hs256([])],
    ["of 100 kB", `${head}.${"A".repeat(100_000)}.${signature}`],
  ];

  test.each(cases)("%s", async (_name, token) => {
    expect(await codeFor(await token)).toBe("UNAUTHENTICATED");
  });

  test.each([
    ["another issuer", { iss: "them" }],
    ["no issuer", {}],
    ["another audience", { iss: "us", aud: "others" }],
  ])("with %s, where they are demanded", async (_name, extra) => {
    const strict = { ...config, issuer: "us", audience: "calendar" };
    expect(await codeFor(hs256({ ...claims(), ...extra }), strict)).toBe("UNAUTHENTICATED");
    expect(await codeFor(hs256({ ...claims(), iss: "us", aud: ["calendar"] }), strict)).toBe("accepted");
  });
});

describe("a token by key set", () => {
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const ed = generateKeyPairSync("ed25519");
  let server: Server;
  let withKeySet: TokenConfig;

  beforeAll(async () => {
    const pairs = { RS256: rsa, ES256: ec, EdDSA: ed };
    const keys = await Promise.all(
      Object.entries(pairs).map(async ([kid, { publicKey }]) => ({ ...(await exportJWK(publicKey)), kid })),
    );
    server = createServer((request, response) => {
      response
        .writeHead(request.url === "/keys" ? 200 : 500, { "content-type": "application/json" })
        .end(JSON.stringify({ keys }));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    withKeySet = { ...config, secrets: [], jwksUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys` };
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));

  const sign = (alg: string, key: KeyObject, kid = alg) =>
    new SignJWT(claims()).setProtectedHeader({ alg, kid }).sign(key);

  test("is accepted when one of the set's keys signed it", async () => {
    expect(await codeFor(await sign("RS256", rsa.privateKey), withKeySet)).toBe("accepted");
    expect(await codeFor(await sign("ES256", ec.privateKey), withKeySet)).toBe("accepted");
    expect(await codeFor(await sign("EdDSA", ed.privateKey), withKeySet)).toBe("accepted");
  });

  test("is refused when it was signed by another key, or with the public key as a secret", async () => {
    const other = generateKeyPairSync("rsa", { modulusLength: 2048 });
    expect(await codeFor(await sign("RS256", other.privateKey), withKeySet)).toBe("UNAUTHENTICATED");
    expect(await codeFor(await sign("RS256", other.privateKey, "unknown"), withKeySet)).toBe("UNAUTHENTICATED");
    const pem = rsa.publicKey.export({ type: "spki", format: "pem" });
    expect(await codeFor(hs256(claims(), pem, { alg: "HS256", kid: "RS256" }), withKeySet)).toBe("UNAUTHENTICATED");
    expect(await codeFor(await sign("PS256", rsa.privateKey, "RS256"), withKeySet)).toBe("UNAUTHENTICATED");
  });

  test("cannot be verified while the set cannot be had, which is not the token's fault", async () => {
    const token = await sign("RS256", rsa.privateKey);
    expect(await codeFor(token, { ...withKeySet, jwksUrl: `${String(withKeySet.jwksUrl)}-broken` })).toBe(
      "UNAVAILABLE",
    );
    expect(await codeFor(token, { ...withKeySet, jwksUrl: "http://127.0.0.1:1/keys" })).toBe("UNAVAILABLE");
    expect(await codeFor("abc", { ...withKeySet, jwksUrl: "http://127.0.0.1:1/keys" })).toBe("UNAUTHENTICATED");
  });
});
