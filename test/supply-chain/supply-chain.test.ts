import { readFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { installedPackages, vulnerablePackages, type Advisory, type LockFile } from "./installed-packages.js";

function read(path: string): string {
  return readFileSync(new URL(path, import.meta.url), "utf8");
}

const lock = JSON.parse(read("../../package-lock.json")) as LockFile;
const advisories = JSON.parse(read("advisories.json")) as Advisory[];

describe("what is installed", () => {
  test("is no version that is known to be vulnerable", () => {
    expect(vulnerablePackages(lock, advisories)).toEqual([]);
  });

  test("would not go unnoticed if it were, wherever it lies", () => {
    const packages = {
      ...lock.packages,
      "node_modules/@mikro-orm/core": { version: "7.1.6" },
      "node_modules/a/node_modules/ws": { version: "8.17.0" },
    };
    expect(vulnerablePackages({ packages }, advisories)).toEqual([
      "node_modules/@mikro-orm/core 7.1.6: SQL injection",
      "node_modules/a/node_modules/ws 8.17.0: CVE-2024-37890",
    ]);
  });

  test("is what was locked: every package has its hash", () => {
    const packages = installedPackages(lock);
    expect(packages.length).toBeGreaterThan(500);
    expect(packages.filter(({ integrity }) => !/^sha(256|384|512)-/.test(integrity))).toEqual([]);
  });

  test("runs no script of its own while it is installed", () => {
    expect(read("../../.npmrc").split("\n")).toContain("ignore-scripts=true");
  });
});
