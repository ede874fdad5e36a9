import { satisfies } from "semver";

/** Of package-lock.json, as far as it is looked at. */
export interface LockFile {
  packages: Record<string, { version?: string; integrity?: string }>;
}

export interface Advisory {
  /** A name, or a scope: `@scope/*`. */
  package: string;
  /** A range of versions. */
  vulnerable: string;
  why: string;
}

/** What the lock file installs: where, which package, in which version. The project itself is left out. */
export function installedPackages({ packages }: LockFile) {
  return Object.entries(packages)
    .filter(([path]) => path !== "")
    .map(([path, { version = "", integrity = "" }]) => ({
      path,
      name: path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length),
      version,
      integrity,
    }));
}

/** The installed packages that advisories warn of, as lines. */
export function vulnerablePackages(lock: LockFile, advisories: readonly Advisory[]): string[] {
  return installedPackages(lock).flatMap(({ path, name, version }) =>
    advisories
      .filter(
        (advisory) => isOf(advisory, name) && satisfies(version, advisory.vulnerable, { includePrerelease: true }),
      )
      .map(({ why }) => `${path} ${version}: ${why}`),
  );
}

function isOf(advisory: Advisory, name: string): boolean {
  const scope = advisory.package.endsWith("/*") ? advisory.package.slice(0, -1) : null;
  return scope === null ? name === advisory.package : name.startsWith(scope);
}
