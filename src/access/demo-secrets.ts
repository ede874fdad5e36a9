import { randomBytes } from "node:crypto";
import { linkSync, mkdirSync, readFileSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { errorCode } from "../error-code.js";

/** What a server that runs for demonstration signs tokens and encrypts credentials with. */
export interface DemoSecrets {
  jwtSecret: string;
  /** In the form of CREDENTIALS_KEYS. */
  credentialsKeys: string;
}

/**
 * The secrets of demo mode: made at the first call, kept in files of the data folder that only their owner may read, and the same
 * at every later call, also when two processes make the first one together.
 */
export function demoSecrets(dataDir: string): DemoSecrets {
  mkdirSync(dataDir, { recursive: true });
  return {
    jwtSecret: keptSecret(join(dataDir, "jwt-secret"), () => randomBytes(32).toString("base64url")),
    credentialsKeys: keptSecret(join(dataDir, "credentials-keys"), () => `1:${randomBytes(32).toString("base64")}`),
  };
}

function keptSecret(path: string, make: () => string): string {
  return readSecret(path) ?? createSecret(path, make());
}

function readSecret(path: string): string | null {
  try {
    return readFileSync(path, "utf8").trim();
  } catch (error) {
    if (errorCode(error) === "ENOENT") return null;
    throw error;
  }
}

/** Through a link: the file appears whole or not at all, and whoever comes second takes the first one's. */
function createSecret(path: string, secret: string): string {
  const draft = `${path}.${process.pid}.${randomBytes(4).toString("hex")}`;
  writeFileSync(draft, `${secret}\n`, { mode: 0o600, flag: "wx" });
  try {
    linkSync(draft, path);
    return secret;
  } catch (error) {
    if (errorCode(error) === "EEXIST") return readFileSync(path, "utf8").trim();
    throw error;
  } finally {
    unlinkSync(draft);
  }
}
