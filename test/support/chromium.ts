import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { chromium } from "playwright-core";
import { present } from "./present.js";

const EXECUTABLE = "/usr/bin/chromium";

/** Where the pages are as well: on an origin that may not call. */
export const FOREIGN_HOST = "elsewhere.test";

/** Nothing of it asks the network for anything by itself. */
const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--disable-dev-shm-usage",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  `--host-resolver-rules=MAP ${FOREIGN_HOST} 127.0.0.1`,
];

/** `describe` and `it` of tests that need it are skipped where it is missing. */
export const hasChromium = (): boolean => present("Chromium", existsSync(EXECUTABLE));

/** A real Chromium with a profile of its own. */
export interface Browser {
  /** A page of `test/fixtures/pages`, on an origin of its own, that calls the API at `url`; another tab where one is given. */
  open(name: string, url: string, beside?: Page): Promise<Page>;
  close(): Promise<void>;
}

export async function startChromium(): Promise<Browser> {
  const pages = createServer(async ({ url = "/" }, response) => {
    const name = url.slice(1);
    const html = /^[a-z-]+\.html$/.test(name) && (await readFile(pathOf(name)).catch(() => null));
    response.writeHead(html ? 200 : 404, { "content-type": "text/html; charset=utf-8" }).end(html || "");
  });
  await new Promise<void>((listening) => pages.listen(0, "127.0.0.1", listening));
  const { port } = pages.address() as AddressInfo;
  const browser = await chromium.launch({ executablePath: EXECUTABLE, args: ARGUMENTS });
  return {
    async open(name, url, beside) {
      const page = await (beside?.context() ?? (await browser.newContext())).newPage();
      await page.goto(`http://localhost:${port}/${name}`);
      await page.evaluate(`api = ${JSON.stringify(url)}`);
      return page;
    },
    async close() {
      await browser.close();
      pages.close();
    },
  };
}

const pathOf = (name: string) => fileURLToPath(new URL(`../fixtures/pages/${name}`, import.meta.url));
