import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { fileLock, tryFileLock } from "../../src/database/embedded/file-lock.js";
import { runTypeScript } from "../support/typescript-process.js";

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "file-lock-"));
  path = join(folder, "lock");
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe("a file lock", () => {
  test("is held by many that share it, and by one that does not", () => {
    const [first, second] = [tryFileLock(path, "shared"), tryFileLock(path, "shared")];
    expect(first).not.toBeNull();
    expect(second).not.toBeNull();
    expect(tryFileLock(path, "exclusive")).toBeNull();
    first?.release();
    expect(tryFileLock(path, "exclusive")).toBeNull();
    second?.release();
    second?.release();
    const alone = tryFileLock(path, "exclusive");
    expect(alone).not.toBeNull();
    expect(tryFileLock(path, "shared")).toBeNull();
    alone?.release();
  });

  test("goes to who waits for it when it is released", async () => {
    const held = tryFileLock(path, "exclusive");
    const waiting = fileLock(path, "exclusive", 60_000);
    expect(await fileLock(path, "exclusive", 0)).toBeNull();
    held?.release();
    const got = await waiting;
    expect(got).not.toBeNull();
    got?.release();
  });

  test("is free again when its holder is killed", async () => {
    const holder = runTypeScript(new URL("hold-file-lock.ts", import.meta.url), [path]);
    expect(await holder.nextLine()).toBe("held");
    expect(tryFileLock(path, "exclusive")).toBeNull();
    holder.child.kill("SIGKILL");
    await holder.ended;
    const lock = tryFileLock(path, "exclusive");
    expect(lock).not.toBeNull();
    lock?.release();
  });
});
