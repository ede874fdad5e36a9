import { spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { installedPostgres, prepareBinaries } from "../../src/database/embedded/binaries.js";
import { chooseRunAs } from "../../src/database/embedded/run-as.js";

const runAs = chooseRunAs("/nonexistent");
let folder: string;
let native: string;
let copies: string;

// Large: copied once, and linked for each test, except for the programs, whose modes are changed.
let pristine: string;

beforeAll(() => {
  pristine = mkdtempSync(join(tmpdir(), "binaries-pristine-"));
  cpSync(installedPostgres(), join(pristine, "native"), { recursive: true, verbatimSymlinks: true });
});

afterAll(() => {
  rmSync(pristine, { recursive: true });
});

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "binaries-"));
  chmodSync(folder, 0o755);
  copies = join(folder, "copies");
  native = join(folder, "package", "native");
  mkdirSync(join(folder, "package"));
  cpSync(join(installedPostgres(), "..", "package.json"), join(folder, "package", "package.json"));
  const linking = spawnSync("cp", ["-al", join(pristine, "native"), native]);
  if (linking.status !== 0) throw new Error(String(linking.stderr));
  rmSync(join(native, "bin"), { recursive: true });
  cpSync(join(pristine, "native", "bin"), join(native, "bin"), { recursive: true });
});

afterEach(() => {
  chmodSync(join(folder, "package"), 0o755);
  chmodSync(join(native, "lib"), 0o755);
  rmSync(folder, { recursive: true, force: true });
});

/** What `npm ci --ignore-scripts` installs. */
function withoutLinks(): void {
  const lib = join(native, "lib");
  for (const entry of readdirSync(lib, { withFileTypes: true }))
    if (entry.isSymbolicLink()) rmSync(join(lib, entry.name));
}

/** For root: closed to the user that PostgreSQL runs as. Otherwise: a read-only installation that its install scripts did not finish. */
function makeUnusable(): void {
  withoutLinks();
  if (runAs === null) chmodSync(join(native, "lib"), 0o555);
  else chmodSync(join(folder, "package"), 0o700);
}

describe("PostgreSQL's programs", () => {
  test("run where npm installed them", () => {
    expect(dirname(dirname(prepareBinaries(native, runAs, [copies]).postgres))).toBe(native);
    expect(existsSync(copies)).toBe(false);
  });

  test("run after an installation without install scripts, which leaves the library links out", () => {
    withoutLinks();
    expect(dirname(dirname(prepareBinaries(native, runAs, [copies]).initdb))).toBe(native);
    expect(lstatSync(join(native, "lib", "libicuuc.so.60")).isSymbolicLink()).toBe(true);
  });

  test("run after an unpacking that lost the modes", () => {
    for (const program of ["postgres", "initdb"]) chmodSync(join(native, "bin", program), 0o644);
    expect(dirname(dirname(prepareBinaries(native, runAs, [copies]).postgres))).toBe(native);
  });

  test("run from a copy where theirs cannot run, and the copy is made once", () => {
    makeUnusable();
    const { postgres } = prepareBinaries(native, runAs, [copies]);
    expect(postgres.startsWith(copies)).toBe(true);
    const made = lstatSync(postgres).ino;
    expect(lstatSync(prepareBinaries(native, runAs, [copies]).postgres).ino).toBe(made);
    expect(readdirSync(copies)).toHaveLength(1);
  });

  test("are copied again where something has eaten of the copy", () => {
    makeUnusable();
    const { postgres } = prepareBinaries(native, runAs, [copies]);
    rmSync(join(dirname(dirname(postgres)), "lib", "libcrypto.so.1.1"));
    expect(prepareBinaries(native, runAs, [copies]).postgres).toBe(postgres);
    expect(existsSync(join(dirname(dirname(postgres)), "lib", "libcrypto.so.1.1"))).toBe(true);
  });

  test("are not taken from a folder that somebody else may have planted", () => {
    makeUnusable();
    const { postgres } = prepareBinaries(native, runAs, [copies]);
    chmodSync(dirname(dirname(postgres)), 0o777);
    expect(() => prepareBinaries(native, runAs, [copies])).toThrow(/belongs to somebody else/);
  });

  test("that run nowhere are told in one line with the reasons", () => {
    rmSync(join(native, "bin", "postgres"));
    writeFileSync(join(folder, "occupied"), "");
    let message = "";
    try {
      prepareBinaries(native, runAs, [join(folder, "occupied")]);
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message).toMatch(
      /^The embedded PostgreSQL does not run here \(.+; .+\)\. Set DATABASE_URL to use another one\.$/,
    );
    expect(message).not.toContain("\n");
  });
});
