import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { afterAll, beforeAll, expect } from "@jest/globals";
import { chromium } from "playwright-core";
import type { Browser, Page } from "playwright-core";
import { findBrowser } from "./browser-program.js";
import type { BrowserProgram } from "./browser-program.js";

const screenshots = fileURLToPath(new URL("screenshots/", import.meta.url));

/** Long for a busy machine: how long a page may take to show what a step needs. */
const patienceMs = 30_000;

/** Nobody listens at the discard port, so that whatever is not on this machine cannot be reached, redirects included. */
const nothingBeyondLoopback = ["--proxy-server=127.0.0.1:9", "--proxy-bypass-list=127.0.0.1;localhost;[::1]"];

/** A headless browser for the tests of a file, started before them and closed after them. */
export function useBrowser(): TestBrowser {
  const browser = new TestBrowser();
  beforeAll(() => browser.start(), 120_000);
  afterAll(() => browser.close());
  return browser;
}

/** A browser that sees nothing but servers on this machine. */
export class TestBrowser {
  #program: BrowserProgram | null = null;
  #browser: Browser | null = null;

  /** @throws Error where the machine has no browser and none is packaged for it */
  async start(): Promise<void> {
    this.#program = await findBrowser();
    const { executablePath, env } = this.#program;
    // Its sandbox does not work for root and in most containers, and the pages are our own.
    const args = ["--no-sandbox", "--disable-gpu", ...nothingBeyondLoopback];
    this.#browser = await chromium.launch({ executablePath, args, env: { ...usualEnvironment(), ...env } });
  }

  /**
   * Opens a page in a profile of its own, lets `steps` work with it and closes it. Where they fail, a picture of the page is kept and
   * the failure's message names it.
   */
  async visit(url: string | URL, steps: (page: Page) => Promise<void>): Promise<void> {
    if (!this.#browser) throw new Error("The browser does not run");
    const context = await this.#browser.newContext({ locale: "en-GB", timezoneId: "UTC", reducedMotion: "reduce" });
    context.setDefaultTimeout(patienceMs);
    try {
      const page = await context.newPage();
      await withScreenshot(page, async () => {
        await page.goto(String(url));
        await steps(page);
      });
    } finally {
      await context.close();
    }
  }

  async close(): Promise<void> {
    await this.#browser?.close();
    await this.#program?.remove();
  }
}

function usualEnvironment(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

async function withScreenshot(page: Page, steps: () => Promise<void>): Promise<void> {
  try {
    await steps();
  } catch (error) {
    if (error instanceof Error) tell(error, await keepScreenshot(page));
    throw error;
  }
}

/** Into the stack too, which begins with the message as it was and is what a test run prints. */
function tell(error: Error, hint: string): void {
  const told = `${error.message}\n\n${hint}`;
  error.stack = error.stack?.replace(error.message, () => told) ?? told;
  error.message = told;
}

async function keepScreenshot(page: Page): Promise<string> {
  const name = (expect.getState().currentTestName ?? "page").replace(/[^\p{L}\p{N}]+/gu, "-").slice(0, 120);
  const path = join(screenshots, `${name}.png`);
  try {
    await mkdir(screenshots, { recursive: true });
    await page.screenshot({ path, fullPage: true });
    return `The page was ${page.url()} and looked like ${path}`;
  } catch (reason) {
    return `The page was ${page.url()}; there is no picture of it: ${String(reason)}`;
  }
}
