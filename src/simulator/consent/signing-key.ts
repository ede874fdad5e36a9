import { createHash, createPublicKey, generateKeyPairSync, sign } from "node:crypto";
import type { KeyObject } from "node:crypto";

/** The RSA key that identity tokens are signed with. Made when it is first needed, because that takes a while. */
export class SigningKey {
  #key: { private: KeyObject; id: string } | null = null;

  /** A JSON Web Key Set (RFC 7517) with the public half. */
  jwks() {
    const { id } = this.#made();
    return { keys: [{ kty: "RSA", use: "sig", alg: "RS256", kid: id, ...this.#publicParts() }] };
  }

  /** A JSON Web Token (RFC 7519), RS256. */
  signed(claims: Readonly<Record<string, unknown>>): string {
    const { id, private: key } = this.#made();
    const body = [{ alg: "RS256", typ: "JWT", kid: id }, claims].map(encoded).join(".");
    return `${body}.${sign("sha256", Buffer.from(body), key).toString("base64url")}`;
  }

  #made() {
    if (this.#key) return this.#key;
    const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const id = createHash("sha256")
      .update(publicKey.export({ type: "spki", format: "der" }))
      .digest("hex");
    this.#key = { private: privateKey, id: id.slice(0, 40) };
    return this.#key;
  }

  #publicParts() {
    const { n, e } = createPublicKey(this.#made().private).export({ format: "jwk" });
    return { n, e };
  }
}

function encoded(part: unknown): string {
  return Buffer.from(JSON.stringify(part)).toString("base64url");
}
