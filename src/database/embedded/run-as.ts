import { readFileSync, statSync } from "node:fs";
import { EmbeddedPostgresError } from "./embedded-postgres-error.js";

/** The user that PostgreSQL runs as when this process is root, which PostgreSQL refuses. */
export interface RunAs {
  uid: number;
  gid: number;
}

const candidates = ["postgres", "_postgres", "nobody", "daemon"];

/**
 * Null for an ordinary user: PostgreSQL then runs as that user. For root the owner of an existing cluster, or else an existing
 * unprivileged user (none is created; initdb wants one that has a name).
 */
export function chooseRunAs(clusterDirectory: string): RunAs | null {
  if (process.getuid?.() !== 0) return null;
  const cluster = statSync(clusterDirectory, { throwIfNoEntry: false });
  if (cluster !== undefined && cluster.uid !== 0) return { uid: cluster.uid, gid: cluster.gid };
  const users = unprivilegedUsers();
  const chosen = candidates.map((name) => users.get(name)).find((user) => user !== undefined);
  if (chosen !== undefined) return chosen;
  throw new EmbeddedPostgresError(
    `PostgreSQL does not run as root, and none of the users ${candidates.join(", ")} exists to run it. Start as an ordinary user, or set DATABASE_URL.`,
  );
}

function unprivilegedUsers(): Map<string, RunAs> {
  const users = new Map<string, RunAs>();
  for (const line of readFileSync("/etc/passwd", "utf8").split("\n")) {
    const [name = "", , uid, gid] = line.split(":");
    if (Number(uid) > 0 && Number(gid) > 0) users.set(name, { uid: Number(uid), gid: Number(gid) });
  }
  return users;
}
