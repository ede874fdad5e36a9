import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { tryFileLock } from "../../src/database/embedded/file-lock.js";

/** A Chromium that can be started. */
export interface BrowserProgram {
  executablePath: string;
  /** What it needs besides the usual environment. */
  env: Record<string, string>;
  /** Takes what was unpacked away again. */
  remove: () => Promise<void>;
}

const prefix = "calendar-sync-browser-";
const run = promisify(execFile);

/**
 * On Linux on x64 a Chromium out of an npm package, so that nothing need be installed; elsewhere the machine's own.
 * @throws Error saying what to do where there is none
 */
export async function findBrowser(
  machine: { platform: string; arch: string } = process,
  chromePath = process.env["CHROME_PATH"],
): Promise<BrowserProgram> {
  if (machine.platform === "linux" && machine.arch === "x64") return unpackBrowser();
  const executablePath = [chromePath ?? "", ...(usualPlaces[machine.platform] ?? [])].find((path) => existsSync(path));
  if (executablePath !== undefined) return { executablePath, env: {}, remove: () => Promise.resolve() };
  throw new Error(
    `No browser for the tests on ${machine.platform} (${machine.arch}): install Chrome or Chromium, or set CHROME_PATH to one`,
  );
}

const usualPlaces: Readonly<Record<string, readonly string[]>> = {
  darwin: [
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
  ],
  linux: ["/usr/bin/google-chrome", "/usr/bin/chromium", "/usr/bin/chromium-browser", "/snap/bin/chromium"],
  win32: [
    "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
    "C:\\Program Files (x86)\\Google\\Chrome\\Application\\chrome.exe",
  ],
};

async function unpackBrowser(): Promise<BrowserProgram> {
  await removeLeftovers();
  const folder = await mkdtemp(join(tmpdir(), prefix));
  const lock = tryFileLock(join(folder, "run.lock"), "exclusive");
  const script = fileURLToPath(new URL("browser-unpack.js", import.meta.url));
  await run(process.execPath, [script], { env: { ...process.env, TMPDIR: folder } });
  const fonts = join(folder, "fonts.conf");
  await writeFile(fonts, fontConfiguration(folder));
  return {
    executablePath: join(folder, "chromium"),
    env: { LD_LIBRARY_PATH: join(folder, "al2023", "lib"), FONTCONFIG_FILE: fonts, HOME: folder, TMPDIR: folder },
    remove: async () => {
      lock?.release();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The packaged fonts alone, so that pages look the same on every machine. */
function fontConfiguration(folder: string): string {
  return `<?xml version="1.0"?>
<fontconfig><dir>${join(folder, "fonts")}</dir><cachedir>${join(folder, "fonts-cache")}</cachedir></fontconfig>
`;
}

/** A killed run leaves its browser behind, and the kernel lets go of its lock. */
async function removeLeftovers(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const path = join(tmpdir(), name, "run.lock");
    const lock = name.startsWith(prefix) && existsSync(path) ? tryFileLock(path, "exclusive") : null;
    if (lock === null) continue;
    await rm(join(tmpdir(), name), { recursive: true, force: true });
    lock.release();
  }
}
