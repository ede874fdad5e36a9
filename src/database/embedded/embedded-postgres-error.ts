import { errorCode } from "../error-code.js";

/** The embedded PostgreSQL cannot be used. The message is one line that tells the operator what to do. */
export class EmbeddedPostgresError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "EmbeddedPostgresError";
  }
}

const faults: Record<string, string> = {
  EACCES: "permission denied",
  EPERM: "permission denied",
  EROFS: "the file system is read-only",
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  EIO: "the disk reports an input/output error",
  ENOTDIR: "a part of the path is a file",
};

/** Runs file work under `path`; what the file system refuses becomes one clear line. */
export async function explainingFileFaults<T>(deed: string, path: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = errorCode(error);
    const fault = faults[code];
    if (fault === undefined) throw error;
    throw new EmbeddedPostgresError(
      `Cannot ${deed} ${path}: ${fault} (${code}). Set DATA_DIR to a folder this user may write.`,
      {
        cause: error,
      },
    );
  }
}
