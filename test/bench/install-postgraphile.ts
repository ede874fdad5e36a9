import { execFile } from "node:child_process";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

const pinned = new URL("postgraphile/", import.meta.url);
const files = ["package.json", "package-lock.json"];

/**
 * PostGraphile in a folder of its own below BENCH_DATA_DIR (default `.data/bench`): 186 packages and 300 MB, most of it an editor for browsers,
 * are too much for whoever only wants to test. As its lock file says, without install scripts; once, then kept. Returns the folder.
 */
export async function installPostGraphile(): Promise<string> {
  const folder = resolve(process.env["BENCH_DATA_DIR"] ?? ".data/bench", "postgraphile");
  const marker = join(folder, "installed.json");
  const wanted = await readFile(new URL("package-lock.json", pinned), "utf8");
  if ((await readFile(marker, "utf8").catch(() => null)) === wanted) return folder;
  await mkdir(folder, { recursive: true });
  for (const file of files) await copyFile(new URL(file, pinned), join(folder, file));
  await promisify(execFile)("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: folder });
  await writeFile(marker, wanted);
  return folder;
}
