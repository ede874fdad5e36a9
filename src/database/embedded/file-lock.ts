import { setTimeout as delay } from "node:timers/promises";
import { DatabaseSync } from "node:sqlite";

/**
 * Locks between processes that the kernel drops when their holder dies, however it dies. Node has no flock; SQLite's locks on an
 * empty file are exactly that, on every platform.
 */
export interface FileLock {
  /** Harmless when repeated. */
  release(): void;
}

const sqliteBusy = 5;
const pollMs = 20;

// A DatabaseSync that nobody refers to is closed by the garbage collector, which would drop its lock.
const held = new Set<DatabaseSync>();

/** Takes the lock at once or returns null. Many may hold it shared; exclusive excludes everybody, in this process too. */
export function tryFileLock(path: string, mode: "shared" | "exclusive"): FileLock | null {
  const file = new DatabaseSync(path, { timeout: 0 });
  try {
    file.exec(mode === "exclusive" ? "begin exclusive" : "begin; select count(*) from sqlite_schema");
  } catch (error) {
    file.close();
    if ((error as { errcode?: unknown }).errcode === sqliteBusy) return null;
    throw error;
  }
  held.add(file);
  return {
    release: () => {
      if (held.delete(file)) file.close();
    },
  };
}

/** Waits up to `waitMs` for the lock; null when it is still taken then. */
export async function fileLock(path: string, mode: "shared" | "exclusive", waitMs: number): Promise<FileLock | null> {
  const deadline = performance.now() + waitMs;
  for (;;) {
    const lock = tryFileLock(path, mode);
    if (lock !== null || performance.now() > deadline) return lock;
    await delay(pollMs);
  }
}
