import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { Validator } from "@seriousme/openapi-schema-validator";
import type { Role } from "../../src/access/actor.js";
import { prefix } from "../../src/rest/routes.js";
import { TestApp } from "../support/app.js";
import { committedOpenApi, fetchAsDescribed } from "./openapi-answers.js";

let app: TestApp;
let published: TestApp;
beforeAll(async () => {
  app = await TestApp.start();
  const { installation } = app;
  published = await TestApp.start({ installation, environment: { PUBLIC_URL: "https://sync.example.test/office/" } });
});
afterAll(async () => {
  await published.stop();
  await app.stop();
});

async function descriptionFor(role: Role, asked: TestApp = app): Promise<{ status: number; body: unknown }> {
  const authorization = `Bearer ${await asked.token(role)}`;
  const response = await fetchAsDescribed(`${asked.url}${prefix}openapi.json`, { headers: { authorization } });
  return { status: response.status, body: await response.json() };
}

describe("the description of the REST routes", () => {
  test("is served to a manager, as it is committed, with the server's address", async () => {
    const { status, body } = await descriptionFor("manager");
    expect(status).toBe(200);
    expect(body).toEqual({ ...committedOpenApi, servers: [{ url: app.url }] });
  });

  test("is valid as it is served", async () => {
    const { body } = await descriptionFor("firm_admin");
    expect(await new Validator().validate(body as Record<string, unknown>)).toEqual({ valid: true });
  });

  test("names PUBLIC_URL where it is set", async () => {
    expect(await descriptionFor("manager", published)).toMatchObject({
      body: { servers: [{ url: "https://sync.example.test/office" }] },
    });
  });

  test("is nothing for staff", async () => {
    expect(await descriptionFor("staff")).toMatchObject({ status: 403 });
  });
});
