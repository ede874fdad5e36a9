import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { useBrowser } from "./browser.js";
import { findBrowser } from "./browser-program.js";

const browser = useBrowser();

const server = createServer((request, response) => {
  const outside = new URL(request.url ?? "/", "http://server.invalid").searchParams.get("to");
  if (outside !== null) response.writeHead(302, { location: outside });
  else response.writeHead(200, { "content-type": "text/html; charset=utf-8" });
  response.end(
    '<!doctype html><title>Grüezi</title><h1>Inside</h1><img src="http://192.0.2.1/picture.png" alt="outside">',
  );
});
let url: string;

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});

afterAll(async () => {
  await new Promise((resolve) => server.close(resolve));
});

describe("the tests' browser", () => {
  test("shows pages of this machine, by number and by name", async () => {
    for (const address of [url, url.replace("127.0.0.1", "localhost")]) {
      await browser.visit(address, async (page) => {
        expect([await page.title(), await page.getByRole("heading").textContent()]).toEqual(["Grüezi", "Inside"]);
      });
    }
  });

  test.each(["http://192.0.2.1/", "http://outside.example/", "https://outside.example/"])(
    "reaches nothing else: %s, asked for or led to",
    async (outside) => {
      const blocked = /ERR_PROXY_CONNECTION_FAILED/;
      await browser.visit(url, async (page) => {
        await expect(page.goto(outside)).rejects.toThrow(blocked);
      });
      await browser.visit(url, async (page) => {
        await expect(page.goto(`${url}?to=${outside}`)).rejects.toThrow(blocked);
      });
    },
  );

  test("names a picture of the page where a step fails", async () => {
    const failure: unknown = await browser
      .visit(url, async (page) => {
        expect(await page.title()).toBe("Salü");
      })
      .catch((error: unknown) => error);
    const picture = /looked like (.*\.png)/.exec(String(failure))?.[1] ?? "";
    expect(failure).toHaveProperty("stack", expect.stringContaining(picture));
    expect([picture, existsSync(picture)]).toEqual([expect.stringContaining("names-a-picture"), true]);
    await rm(picture);
  });
});

describe("where no browser is packaged for the machine", () => {
  test("the one that CHROME_PATH names is taken", async () => {
    const { executablePath } = await findBrowser({ platform: "darwin", arch: "arm64" }, process.execPath);
    expect(executablePath).toBe(process.execPath);
  });

  test("a missing one is said clearly", async () => {
    await expect(findBrowser({ platform: "plan9", arch: "mips" }, "/nowhere/chrome")).rejects.toThrow(
      "No browser for the tests on plan9 (mips): install Chrome or Chromium, or set CHROME_PATH to one",
    );
  });
});
