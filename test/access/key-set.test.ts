import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { afterEach, beforeEach, describe, expect, jest, test } from "@jest/globals";
import { exportJWK, SignJWT, type JWK } from "jose";
import { keySetLimits, type KeySetLimits } from "../../src/access/key-set.js";
import { createTokenVerifier, type VerifyToken } from "../../src/access/token.js";
import { errorCode } from "../../src/error-code.js";
import { createLogger } from "../../src/log.js";
import { KeyServer } from "./key-server.js";

const pairs = {
  first: generateKeyPairSync("ec", { namedCurve: "P-256" }),
  second: generateKeyPairSync("ec", { namedCurve: "P-256" }),
};
type Kid = keyof typeof pairs;
const publicKeys = Object.fromEntries(
  await Promise.all(
    Object.entries(pairs).map(async ([kid, pair]) => [kid, { ...(await exportJWK(pair.publicKey)), kid }] as const),
  ),
) as Record<Kid, JWK>;

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;

let keyServer: KeyServer;
let logLines: string[];
/** How far the clock has been put on, in milliseconds. */
let elapsed: number;
/** How long a key server is waited for, in milliseconds. */
let timeoutMs: number;
beforeEach(async () => {
  keyServer = await KeyServer.start();
  keyServer.serve([publicKeys.first]);
  logLines = [];
  elapsed = 0;
  timeoutMs = keySetLimits.timeoutMs;
  const now = performance.now.bind(performance);
  jest.spyOn(performance, "now").mockImplementation(() => now() + elapsed);
});
afterEach(async () => {
  jest.restoreAllMocks();
  await keyServer.stop();
});

let tokens = 0;
/** Each is another one, so that none is remembered. */
function tokenOf(kid: string, key: KeyObject = pairs[kid as Kid].privateKey): Promise<string> {
  const claims = { sub: `user-${(tokens += 1)}`, firm_id: 1, role: "manager" };
  return new SignJWT(claims).setProtectedHeader({ alg: "ES256", kid }).setExpirationTime("100 days").sign(key);
}

function verifier(limits: Partial<KeySetLimits> = {}): VerifyToken {
  const config = {
    ...{ secrets: [], jwksUrl: keyServer.url, issuer: null, audience: null },
    claims: { user: null, firm: "firm_id", role: "role" },
  };
  const log = createLogger({ level: "info", isPretty: false }, { write: (line) => logLines.push(line) });
  const asked = {
    ...keySetLimits,
    ...limits,
    get timeoutMs() {
      return timeoutMs;
    },
  };
  return createTokenVerifier(config, { log, keySetLimits: asked });
}

async function codeOf(verify: VerifyToken, token: string | Promise<string>): Promise<string> {
  try {
    await verify(await token);
    return "accepted";
  } catch (error) {
    return String(errorCode(error));
  }
}

const strangers = (): Promise<string>[] =>
  Array.from({ length: 30 }, (_, number) => tokenOf(`unknown-${number}`, pairs.first.privateKey));

/** How often the keys are fetched for tokens of 30 unknown keys, one after the other. */
async function fetchesForStrangers(verify: VerifyToken): Promise<number> {
  const before = keyServer.requests;
  for (const token of strangers()) expect(await codeOf(verify, token)).toBe("UNAUTHENTICATED");
  return keyServer.requests - before;
}

describe("the keys are fetched", () => {
  test("once for all who ask at the same time, and once for ten minutes", async () => {
    const verify = verifier();
    const codes = await Promise.all(Array.from({ length: 20 }, () => codeOf(verify, tokenOf("first"))));
    elapsed = 9 * minute;
    codes.push(await codeOf(verify, tokenOf("first")));
    expect(new Set(codes)).toEqual(new Set(["accepted"]));
    expect(keyServer.requests).toBe(1);
  });

  test("anew when a token names a new one, which is then good as the old one is", async () => {
    const verify = verifier();
    await verify(await tokenOf("first"));
    keyServer.serve([publicKeys.first, publicKeys.second]);
    elapsed = 31 * second;
    expect(await codeOf(verify, tokenOf("second"))).toBe("accepted");
    expect(await codeOf(verify, tokenOf("first"))).toBe("accepted");
    expect(keyServer.requests).toBe(2);
  });

  test("anew after ten minutes, so that one that was taken out is no longer good", async () => {
    const verify = verifier();
    await verify(await tokenOf("first"));
    keyServer.serve([publicKeys.second]);
    elapsed = 10 * minute;
    expect(await codeOf(verify, tokenOf("first"))).toBe("UNAUTHENTICATED");
    expect(await codeOf(verify, tokenOf("second"))).toBe("accepted");
  });

  test("not again and again for tokens of unknown keys: once a cool-down", async () => {
    const verify = verifier();
    await verify(await tokenOf("first"));
    expect(await fetchesForStrangers(verify)).toBe(0);
    elapsed = 31 * second;
    expect(await fetchesForStrangers(verify)).toBe(1);
  });

  test("for each of them without the cool-down, which is noticed here", async () => {
    expect(await fetchesForStrangers(verifier({ coolDownMs: 0 }))).toBeGreaterThan(29);
  });
});

const keys = (count: number): object[] => [
  publicKeys.first,
  ...Array.from({ length: count - 1 }, (_, number) => ({ ...publicKeys.second, kid: `more-${number}` })),
];

/** What a key server may do instead of answering with a key set. */
const troubles: Record<string, () => void> = {
  "hangs up": () => (keyServer.answer = (request) => request.socket.destroy()),
  "says nothing": () => (keyServer.answer = () => undefined),
  "begins to answer and stops": () => (keyServer.answer = (_request, response) => response.write('{"keys":[')),
  "answers without an end": () => {
    keyServer.flood();
  },
  "answers 500": () => (keyServer.answer = (_request, response) => response.writeHead(500).end("{}")),
  "sends us elsewhere": () =>
    (keyServer.answer = (_request, response) => response.writeHead(302, { location: "/elsewhere" }).end()),
  "answers with a page": () => {
    keyServer.text("<html>Login</html>");
  },
  "answers with null": () => {
    keyServer.text("null");
  },
  "answers with keys that are none": () => {
    keyServer.text('{"keys":["key"]}');
  },
  "has more keys than anybody needs": () => {
    keyServer.serve(keys(keySetLimits.mostKeys + 1));
  },
  "has a long story beside its keys": () => {
    keyServer.serve(keys(1), { story: "x".repeat(keySetLimits.mostBytes) });
  },
};

describe.each(Object.entries(troubles))("while the key server %s", (_name, begin) => {
  test("the keys that are held stay good for a day, new ones cannot be told, and it is asked once a cool-down", async () => {
    const verify = verifier();
    await verify(await tokenOf("first"));
    begin();
    timeoutMs = 30;
    for (elapsed of [10 * minute, 10 * minute + second, hour, 23 * hour]) {
      expect(await codeOf(verify, tokenOf("first"))).toBe("accepted");
    }
    expect(await codeOf(verify, tokenOf("second"))).toBe("UNAVAILABLE");
    expect(keyServer.requests).toBe(4);
    elapsed = 24 * hour;
    expect(await codeOf(verify, tokenOf("first"))).toBe("UNAVAILABLE");
    const told = logLines.map((line) => JSON.parse(line) as { msg: string });
    expect(told.map(({ msg }) => msg)).toEqual(Array.from({ length: 4 }, () => "the key set cannot be fetched"));
  });

  test("a server that has just begun can verify nothing, asks once a second, and goes on when there are keys", async () => {
    begin();
    timeoutMs = 30;
    const verify = verifier();
    for (const token of strangers().slice(0, 5)) expect(await codeOf(verify, token)).toBe("UNAVAILABLE");
    expect(keyServer.requests).toBe(1);
    keyServer.serve([publicKeys.first]);
    timeoutMs = keySetLimits.timeoutMs;
    elapsed = second;
    expect(await codeOf(verify, tokenOf("first"))).toBe("accepted");
  });
});

test("no more of an endless answer is read than a key set may be long", async () => {
  keyServer.flood();
  expect(await codeOf(verifier(), tokenOf("first"))).toBe("UNAVAILABLE");
  expect(keyServer.flooded).toBeLessThan(100 * keySetLimits.mostBytes); // what the network holds is read by nobody
});

describe("without its limit, which is noticed here,", () => {
  test("a set of any number of keys is taken", async () => {
    keyServer.serve(keys(keySetLimits.mostKeys + 1));
    expect(await codeOf(verifier({ mostKeys: Infinity }), tokenOf("first"))).toBe("accepted");
  });

  test("a set of any length is taken", async () => {
    keyServer.serve(keys(1), { story: "x".repeat(keySetLimits.mostBytes) });
    expect(await codeOf(verifier({ mostBytes: Infinity }), tokenOf("first"))).toBe("accepted");
  });

  test("keys are good for ever while the key server is down", async () => {
    const verify = verifier({ keepMs: Infinity });
    await verify(await tokenOf("first"));
    keyServer.text("");
    elapsed = 30 * 24 * hour;
    expect(await codeOf(verify, tokenOf("first"))).toBe("accepted");
  });
});

describe("of a set", () => {
  test("one broken key spoils no other", async () => {
    keyServer.serve([{ ...publicKeys.second, x: "AAAA" }, publicKeys.first]);
    const verify = verifier();
    expect(await codeOf(verify, tokenOf("first"))).toBe("accepted");
    expect(await codeOf(verify, tokenOf("second"))).toBe("UNAVAILABLE");
  });

  test("a key that is meant for encryption verifies nothing", async () => {
    keyServer.serve([{ ...publicKeys.first, use: "enc" }]);
    expect(await codeOf(verifier(), tokenOf("first"))).toBe("UNAUTHENTICATED");
  });

  test("without any key every token is refused", async () => {
    keyServer.serve([]);
    expect(await codeOf(verifier(), tokenOf("first"))).toBe("UNAUTHENTICATED");
  });
});
