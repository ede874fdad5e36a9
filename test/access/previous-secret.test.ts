import { describe, expect, test } from "@jest/globals";
import { createTokenVerifier, signToken } from "../../src/access/token.js";
import { readConfig } from "../../src/config.js";

const current = "the current secret, of 32 bytes or more";
const previous = "the previous secret, of 32 bytes or more";
const manager = { userId: "42", firmId: "1", role: "manager", name: null, hours: 1 } as const;

function tokensOf(secrets: Record<string, string>) {
  const environment = {
    DATABASE_URL: "postgres://app@127.0.0.1/app",
    DATABASE_SYSTEM_URL: "postgres://system@127.0.0.1/app",
    CREDENTIALS_KEYS: `1:${Buffer.alloc(32).toString("base64")}`,
    ...secrets,
  };
  return readConfig(environment).jwt;
}

describe("while a secret is replaced", () => {
  const before = tokensOf({ JWT_SECRET: previous });
  const meanwhile = tokensOf({ JWT_SECRET: current, JWT_SECRET_PREVIOUS: previous });
  const after = tokensOf({ JWT_SECRET: current });

  test("tokens by the previous one are still good, and no longer when JWT_SECRET_PREVIOUS is gone", async () => {
    const token = await signToken(before, manager);
    expect(await createTokenVerifier(meanwhile)(token)).toMatchObject({ userId: "42" });
    await expect(createTokenVerifier(after)(token)).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
  });

  test("the current one signs", async () => {
    const token = await signToken(meanwhile, manager);
    expect(await createTokenVerifier(after)(token)).toMatchObject({ userId: "42" });
    await expect(createTokenVerifier(before)(token)).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
  });
});
