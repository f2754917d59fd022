import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { pino } from "pino";
import type { Page } from "playwright-core";
import { DEMO_PASSWORD } from "../../src/app/demo/demo-people.js";
import { MIB } from "../../src/kernel/bytes.js";
import type { Browser } from "../support/chromium.js";
import { FOREIGN_HOST, hasChromium, startChromium } from "../support/chromium.js";
import { until } from "../support/feed-world.js";
import { fixture } from "../support/make-files.js";
import type { TicketWorld } from "../support/ticket-world.js";
import { startTicketWorld } from "../support/ticket-world.js";

interface Attached {
  readonly id: string;
  readonly fileName: string;
  readonly url: string;
  readonly inlineUrl: string;
}

interface LogLine {
  readonly msg: string;
  readonly path?: string;
  readonly status?: number;
}

let world: TicketWorld;
let browser: Browser;
let page: Page;
let ticketId: string;
const lines: LogLine[] = [];

/** What the page's own function of this name answers. */
const inPage = <Result>(name: string, ...args: unknown[]): Promise<Result> =>
  page.evaluate(`${name}(${args.map((arg) => JSON.stringify(arg)).join(", ")})`);

/** @param file an expression that makes the file in the page */
const attach = (file: string): Promise<Attached> =>
  page.evaluate(`(async () => attach(${JSON.stringify(ticketId)}, await ${file}))()`);

/** How often the server was asked for a file, and how it answered. */
const requestsFor = (url: string): (number | undefined)[] =>
  lines
    .filter(({ msg, path }) => msg === "request" && path === new URL(url).pathname)
    .map(({ status }) => status);

const change = (mutation: string, id: string) =>
  inPage("ask", `mutation { ${mutation}(id: "${id}") { id } }`);

(hasChromium() ? describe : describe.skip)("a page on another origin, in Chromium,", () => {
  beforeAll(async () => {
    const log = pino({ level: "info" }, { write: (line: string) => lines.push(JSON.parse(line)) });
    world = await startTicketWorld({ log });
    const companyId = await world.newCompany();
    ({ id: ticketId } = await world.openTicket(world.people.requester, { companyId }));
    browser = await startChromium();
    page = await browser.open("desk.html", world.server.url);
    await inPage("signIn", world.people.requester.email, DEMO_PASSWORD);
  });
  afterAll(async () => {
    await browser?.close();
    await world?.close();
  });

  it("is signed in", async () => {
    const { data } = await inPage<{ data: unknown }>("ask", "{ viewer { user { email } } }");
    expect(data).toEqual({ viewer: { user: { email: world.people.requester.email } } });
  });

  it("is told why a large upload is refused", async () => {
    await expect(attach(`textOf(${60 * MIB})`)).rejects.toThrow("50 MiB");
  });

  it("sees how an upload goes on", async () => {
    expect((await attach(`textOf(${20 * MIB})`)).fileName).toBe("notes.txt");
    const progress: number[] = await page.evaluate("progress");
    expect(progress.length).toBeGreaterThan(1);
    expect(progress.at(-1)).toBe(1);
    expect(progress).toEqual([...progress].sort((one, other) => one - other));
  });

  it("asks for a picture once, whether it may be drawn from or not", async () => {
    const { url } = await attach("photo(320, 240)");
    expect(await inPage("show", url)).toBe(320);
    expect(await inPage("show", url, { crossOrigin: "anonymous" })).toBe(320);
    expect(await inPage("show", `${url}&again`, { crossOrigin: "anonymous" })).toBe(320);
    // The last one is another URL: it shows that the log would tell.
    expect(requestsFor(url)).toEqual([200, 200]);
  });

  it("seeks in a video", async () => {
    const clip = fixture("clip.webm").toString("base64");
    const { url } = await attach(
      `(async () => new File([await (await fetch("data:;base64,${clip}")).blob()], "clip.webm"))()`,
    );
    expect(await inPage("seek", url, 0.5)).toBeCloseTo(0.5, 1);
    expect(requestsFor(url)).toContain(206);
  });

  it("saves a file under its name", async () => {
    const name = "Prüfbericht 東京.txt";
    const { url } = await attach(`textOf(1000, ${JSON.stringify(name)})`);
    const downloading = page.waitForEvent("download");
    await page.evaluate(
      `Object.assign(document.createElement("a"), { href: ${JSON.stringify(url)} }).click()`,
    );
    expect((await downloading).suggestedFilename()).toBe(name);
  });

  it("hears what happens", async () => {
    await inPage("follow", ticketId);
    await attach("textOf(10)");
    await until(async () => ((await page.evaluate("told")) as string[]).at(-1) === "AttachmentAdded");
  });

  it("of an origin that may not call sees why its websocket is closed", async () => {
    const foreign = await page.context().newPage();
    await foreign.goto(page.url().replace("localhost", FOREIGN_HOST));
    const closing = await foreign.evaluate(`new Promise((resolve) => {
      const socket = new WebSocket(${JSON.stringify(`${world.server.url.replace("http", "ws")}/graphql`)}, "graphql-transport-ws");
      socket.onclose = ({ code, reason }) => resolve({ code, reason });
    })`);
    expect(closing).toEqual({ code: 1008, reason: expect.stringContaining("CORS_ORIGINS") });
    await foreign.close();
  });

  it("and another tab refresh at once, and are given the same session", async () => {
    const { refreshToken } = await inPage<{ refreshToken: string }>(
      "signIn",
      world.people.requester.email,
      DEMO_PASSWORD,
    );
    const tab = await browser.open("desk.html", world.server.url, page);
    const refresh = `ask("mutation ($token: String!) { refreshSession(refreshToken: $token) { refreshToken } }", { token: ${JSON.stringify(refreshToken)} })`;
    const [one, other] = await Promise.all([page.evaluate(refresh), tab.evaluate(refresh)]);
    expect(one).toEqual({ data: { refreshSession: { refreshToken: expect.any(String) } } });
    expect(other).toEqual(one);
    await tab.close();
  });

  it("has a deleted picture no more, and a restored one again", async () => {
    const { id, url } = await attach("photo(40, 30)");
    const status = () =>
      page.evaluate(`fetch(${JSON.stringify(url)}, { cache: "no-cache" }).then(({ status }) => status)`);
    expect(await inPage("show", url)).toBe(40);
    await change("deleteAttachment", id);
    expect(await status()).toBe(410);
    await change("restoreAttachment", id);
    expect(await status()).toBe(200);
    expect(await inPage("show", url)).toBe(40);
  });
});
