import { generateKeyPairSync, randomBytes, sign } from "node:crypto";

/** A key and a certificate for it that it signed itself, both PEM. */
export interface SelfSigned {
  key: string;
  certificate: string;
}

const DAY_MS = 86_400_000;
const ECDSA_WITH_SHA256 = "06082a8648ce3d040302";
const COMMON_NAME = "0603550403";
const SUBJECT_ALTERNATIVE_NAME = "0603551d11";
const BASIC_CONSTRAINTS = "0603551d13";

const SEQUENCE = 0x30;
const SET = 0x31;

/**
 * A certificate for `localhost` and 127.0.0.1, for a week around now, that a client may be told to trust: an authority of its own
 * (X.509 version 3, RFC 5280; ECDSA on P-256).
 */
export function selfSignedCertificate(now: number = Date.now()): SelfSigned {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const name = der(SEQUENCE, der(SET, der(SEQUENCE, hex(COMMON_NAME), der(0x0c, Buffer.from("localhost")))));
  const algorithm = der(SEQUENCE, hex(ECDSA_WITH_SHA256));
  const body = der(
    SEQUENCE,
    der(0xa0, der(0x02, Buffer.of(2))),
    der(0x02, Buffer.concat([Buffer.of(0x01), randomBytes(15)])),
    algorithm,
    name,
    der(SEQUENCE, utcTime(now - DAY_MS), utcTime(now + 7 * DAY_MS)),
    name,
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, der(SEQUENCE, authority(), alternativeNames())),
  );
  const signature = sign("sha256", body, privateKey);
  const certificate = der(SEQUENCE, body, algorithm, der(0x03, Buffer.of(0), signature));
  return { key: privateKey.export({ type: "pkcs8", format: "pem" }), certificate: pem(certificate) };
}

function authority(): Buffer {
  const isAuthority = der(SEQUENCE, der(0x01, Buffer.of(0xff)));
  return der(SEQUENCE, hex(BASIC_CONSTRAINTS), der(0x01, Buffer.of(0xff)), der(0x04, isAuthority));
}

function alternativeNames(): Buffer {
  const names = der(SEQUENCE, der(0x82, Buffer.from("localhost")), der(0x87, Buffer.of(127, 0, 0, 1)));
  return der(SEQUENCE, hex(SUBJECT_ALTERNATIVE_NAME), der(0x04, names));
}

/** A value of ASN.1 in its distinguished encoding. */
function der(tag: number, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.of(tag, length), content]);
  const size = length < 0x100 ? Buffer.of(0x81, length) : Buffer.of(0x82, length >>> 8, length & 0xff);
  return Buffer.concat([Buffer.of(tag), size, content]);
}

function hex(text: string): Buffer {
  return Buffer.from(text, "hex");
}

/** `YYMMDDhhmmssZ`. */
function utcTime(at: number): Buffer {
  const digits = new Date(at).toISOString().replace(/\D/g, "");
  return der(0x17, Buffer.from(`${digits.slice(2, 14)}Z`));
}

function pem(certificate: Buffer): string {
  const lines = certificate.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}
