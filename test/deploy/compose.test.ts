import { describe, expect, test } from "@jest/globals";
import { existsSync, statSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, cp } from "node:fs/promises";
import { execFile } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { readConfig } from "../../src/config.js";
import { secretNames, variables } from "../../src/config-variables.js";
import { composeFile, project, textOf, type Service } from "./deployment.js";

const { services, volumes, secrets } = composeFile();
const servers = Object.entries(services).filter(([, { build }]) => build !== undefined);
const deploy = new URL("deploy/", project);

describe("deploy/compose.yaml", () => {
  test("has the parts of an installation", () => {
    expect(Object.keys(services)).toEqual(["postgres", "migrate", "api", "worker", "scheduler"]);
    expect(servers.map(([name, { environment }]) => [name, environment["ROLES"]])).toEqual([
      ["migrate", undefined],
      ["api", "api"],
      ["worker", "worker"],
      ["scheduler", "scheduler"],
    ]);
  });

  test.each(servers)(
    "%s names variables that the configuration knows, and every secret as a file",
    (_, { environment }) => {
      const files = secretNames.map((name) => `${name}_FILE`);
      for (const [name, value] of Object.entries(environment)) {
        expect([...Object.keys(variables.shape), ...files]).toContain(name);
        expect(secretNames).not.toContain(name);
        if (files.includes(name)) expect(value).toMatch(/^\/run\/secrets\/\w+$/);
      }
    },
  );

  test.each(Object.entries(services))(
    "%s is given each secret that it reads, and no other",
    (_, { environment, secrets: given }) => {
      const read = secretFiles(environment);
      expect(given).toEqual(expect.arrayContaining(read));
      for (const name of given) expect(Object.keys(secrets)).toContain(name);
    },
  );

  test.each(servers)("%s is given no secret that it does not read", (_, { environment, secrets: given }) => {
    expect([...given].sort()).toEqual(secretFiles(environment).sort());
  });

  test.each(servers)("%s starts a program that is there, from a file that is there", (_, { build, command }) => {
    expect(existsSync(new URL(build?.dockerfile ?? "", new URL(build?.context.concat("/") ?? "", deploy)))).toBe(true);
    const program = command?.find((word) => word.endsWith(".js"));
    if (program !== undefined) expect(existsSync(sourceOf(program))).toBe(true);
  });

  test("only what answers at /readyz is asked for its health", () => {
    const isAsked = ({ healthcheck }: Service): boolean => healthcheck?.disable !== true;
    expect(servers.filter(([, service]) => isAsked(service)).map(([name]) => name)).toEqual(["api"]);
  });

  test("nothing starts before what it needs", () => {
    for (const [name, { depends_on: needed }] of servers) {
      expect(needed).toEqual(
        name === "migrate"
          ? { postgres: { condition: "service_healthy" } }
          : { migrate: { condition: "service_completed_successfully" } },
      );
    }
  });

  test("volumes are declared, or are files beside it", () => {
    for (const volume of Object.values(services).flatMap((service) => service.volumes)) {
      const [source = ""] = volume.split(":");
      if (source.startsWith(".")) expect(statSync(new URL(source, deploy)).mode & 0o111).not.toBe(0);
      else expect(Object.keys(volumes)).toContain(source);
    }
  });
});

describe("deploy/make-secrets.sh", () => {
  test("makes every file that is named, with which each server's configuration is accepted, and changes none the second time", async () => {
    const folder = await mkdtemp(join(tmpdir(), "calendar-sync-deploy-"));
    try {
      await cp(new URL("make-secrets.sh", deploy), join(folder, "make-secrets.sh"));
      await promisify(execFile)("sh", [join(folder, "make-secrets.sh")]);
      const made = await contents(join(folder, "secrets"));
      expect(Object.keys(made).sort()).toEqual(
        Object.values(secrets)
          .map(({ file }) => file.replace("./secrets/", ""))
          .sort(),
      );
      for (const [, { environment }] of servers) {
        const filled = withFilesIn(join(folder, "secrets"), environment);
        const asked = { PUBLIC_URL: "https://calendars.example.com" }; // of whoever deploys
        const config = readConfig({ NODE_ENV: "production", ...filled, ...asked });
        expect(config.database.logins?.appUrl).toBe(made["database_app_url"]);
        expect(config.isDemo).toBe(false);
      }
      await promisify(execFile)("sh", [join(folder, "make-secrets.sh")]);
      expect(await contents(join(folder, "secrets"))).toEqual(made);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test("its URLs are those of the logins that deploy/make-logins.sh makes", () => {
    const logins = textOf("deploy/make-logins.sh");
    const made = [...logins.matchAll(/^create role (calendar_sync_(\w+)) login.* password :'(\w+)';$/gm)];
    expect(made.map(([, , name, variable]) => [name, variable])).toEqual(
      ["owner", "app", "system"].map((name) => [name, name]),
    );
    expect(logins).toContain("create database calendar_sync owner calendar_sync_owner;");
    for (const name of logins.matchAll(/password (\w+)\)"/g))
      expect(services["postgres"]?.secrets).toContain(`${String(name[1])}_password`);
  });
});

function secretFiles(environment: Readonly<Record<string, string>>): string[] {
  return Object.values(environment).flatMap((value) => /^\/run\/secrets\/(\w+)$/.exec(value)?.[1] ?? []);
}

/** `dist/src/main.js` is compiled from `src/main.ts`. */
function sourceOf(program: string): URL {
  return new URL(program.replace(/^dist\//, "").replace(/\.js$/, ".ts"), project);
}

async function contents(folder: string): Promise<Record<string, string>> {
  const names = await readdir(folder);
  const read = names.map(async (name) => [name, await readFile(join(folder, name), "utf8")] as const);
  return Object.fromEntries(await Promise.all(read));
}

/** As within the container. The OAuth application's id and secret, which only its owner knows, are filled in. */
function withFilesIn(folder: string, environment: Readonly<Record<string, string>>): Record<string, string> {
  const filledIn = { GOOGLE_CLIENT_ID: "id", GOOGLE_CLIENT_SECRET: "secret", GOOGLE_CLIENT_SECRET_FILE: "" };
  const inFolder = Object.entries(environment).map(([name, value]) => [name, value.replace("/run/secrets", folder)]);
  return { ...(Object.fromEntries(inFolder) as Record<string, string>), ...filledIn };
}
