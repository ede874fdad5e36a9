import { randomBytes } from "node:crypto";
import { CredentialCipher, parseCredentialKeys } from "../../src/connections/credential-cipher.js";
import { loadCredentials, replaceCredentials } from "../../src/connections/credentials.js";
import { openDatabase } from "../../src/database/orm.js";
import { unitOfWork } from "../../src/database/unit-of-work.js";
import type { TestApp } from "../support/app.js";

/** A new key of that version, as CREDENTIALS_KEYS has it. */
export function newKey(version: number): string {
  return `${version}:${randomBytes(32).toString("base64")}`;
}

/** The key that the application was started with. */
export function firstKey(app: TestApp): string {
  return String(app.installation.environment["CREDENTIALS_KEYS"]);
}

function cipherOf(keys: string): CredentialCipher {
  return new CredentialCipher(parseCredentialKeys(keys));
}

/** The refresh token of a connection, read with these keys and no other. */
export async function refreshTokenOf(app: TestApp, connection: string, keys: string, firmId = "1"): Promise<string> {
  const database = await openDatabase(app.installation.database.appUrl, 1);
  try {
    const stored = await loadCredentials(database.em, cipherOf(keys), firmId, connection);
    return String(stored?.refreshToken);
  } finally {
    await database.close();
  }
}

/** Stores what a refresh with the stored token has brought, as a server with these keys does. */
export async function storeRefreshed(
  app: TestApp,
  connection: string,
  keys: string,
  refreshToken: string,
): Promise<boolean> {
  const usedRefreshToken = await refreshTokenOf(app, connection, keys);
  const granted = { refreshToken, accessToken: "access", expiresInSeconds: 3600 };
  const database = await openDatabase(app.installation.database.appUrl, 1);
  try {
    return await unitOfWork(database.em, "1", (unit) =>
      replaceCredentials(unit, cipherOf(keys), connection, { usedRefreshToken, granted }),
    );
  } finally {
    await database.close();
  }
}
