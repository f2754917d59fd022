import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { pino } from "pino";
import type { Page } from "playwright-core";
import { DEMO_PASSWORD } from "../../src/app/demo/demo-people.js";
import { bundleRecipes } from "../support/bundle-recipes.js";
import type { Browser } from "../support/chromium.js";
import { hasChromium, startChromium } from "../support/chromium.js";
import { until } from "../support/feed-world.js";
import { recipeIn } from "../support/recipes.js";
import type { TcpProxy } from "../support/tcp-proxy.js";
import { startTcpProxy } from "../support/tcp-proxy.js";
import type { TicketWorld } from "../support/ticket-world.js";
import { startTicketWorld } from "../support/ticket-world.js";

const MB = 1_000_000;
const SIZE = 20 * MB;
const CUTS = 3;

interface ShownTicket {
  readonly replies: {
    readonly totalCount: number;
    readonly nodes: readonly {
      readonly body: string;
      readonly attachments: {
        readonly nodes: readonly { readonly fileName: string; readonly url: string }[];
      };
    }[];
  };
}

interface Draft {
  readonly id: string;
  readonly fileName: string;
  readonly size: number;
  readonly offset: number;
  readonly status: string;
}

/** A request for the bytes of an upload. */
interface Sent {
  readonly method: string;
  readonly url: string;
  readonly offset: number | null;
}

let world: TicketWorld;
let proxy: TcpProxy;
let browser: Browser;
let script: string;
let addReply: string;
let folder: string;
let ticketId: string;
let page: Page;
let sent: Sent[];
let cutter: ReturnType<TcpProxy["cutAfter"]>;
const preflights = new Set<string>();

/** What a function of the page's app answers. */
const inApp = <Result>(name: string, ...args: unknown[]): Promise<Result> =>
  page.evaluate(`app.${name}(${args.map((arg) => JSON.stringify(arg)).join(", ")})`);

const shown = (): Promise<ShownTicket> => page.evaluate("app.ticket");

/** Opens the app, in the browser of the page before, and signs in. */
async function openApp(before?: Page): Promise<void> {
  page = await browser.open("desk.html", `http://127.0.0.1:${proxy.port}`, before);
  sent = [];
  page.on("request", (request) => {
    const { pathname } = new URL(request.url());
    const offset = request.headers()["upload-offset"];
    if (pathname.startsWith("/uploads"))
      sent.push({ method: request.method(), url: pathname, offset: offset ? Number(offset) : null });
  });
  await page.addScriptTag({ content: script });
  await inApp("signIn", world.people.requester.email, DEMO_PASSWORD);
}

const reply = (body: string) => inApp("reply", ticketId, body, addReply);
const pick = (...paths: string[]) => page.setInputFiles("input[type=file]", paths);
const hashOf = async (path: string) =>
  createHash("sha256")
    .update(await readFile(path))
    .digest("hex");
const sentBy = (method: string) => sent.filter((request) => request.method === method);

/** A file of text, whose checks read all of it. */
async function makeLog(name: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, randomBytes(SIZE / 2).toString("hex"));
  return path;
}

(hasChromium() ? describe : describe.skip)("the documented uploads, in Chromium, on another origin,", () => {
  beforeAll(async () => {
    const takesUppy = ["client", "ticketId", "body", "fileInput", "accessToken", "ADD_REPLY"];
    const takesTus = "client ticketId file show accessToken START_UPLOAD CREATE_VIDEO_CLIP".split(" ");
    folder = await mkdtemp(join(tmpdir(), "filedesk-uploads-in-chromium-"));
    const log = pino(
      { level: "info" },
      {
        write(line: string) {
          const { msg, method, path } = JSON.parse(line);
          if (msg === "request" && method === "OPTIONS")
            preflights.add(path.replace(/[0-9a-f-]{36}/, "{id}"));
        },
      },
    );
    world = await startTicketWorld({ log });
    proxy = await startTcpProxy(new URL(world.server.url));
    const uppy = await recipeIn("docs/uploads.md", "@uppy/core");
    script = await bundleRecipes("test/fixtures/pages/uploads.js", {
      uppy: {
        code: uppy.replace("http://127.0.0.1:4000", `http://127.0.0.1:${proxy.port}`),
        takes: takesUppy,
      },
      "tus-js-client": { code: await recipeIn("docs/uploads.md", "tus-js-client"), takes: takesTus },
    });
    [addReply = ""] =
      /mutation AddReply.*?(?=`)/s.exec(await recipeIn("docs/clients.md", "mutation AddReply")) ?? [];
    const companyId = await world.newCompany();
    ticketId = (await world.openTicket(world.people.requester, { companyId })).id;
    browser = await startChromium();
    // Before the first connection, as browsers keep them.
    cutter = proxy.cutAfter(() => 6 * MB, CUTS);
    await openApp();
    await inApp("openTicket", ticketId);
  });
  afterAll(async () => {
    await browser?.close();
    proxy?.close();
    await world?.close();
    await rm(folder, { recursive: true, force: true });
  });

  it("send two files with a reply by Uppy though the connection is cut, and the page shows it without asking again", async () => {
    const files = [await makeLog("log.txt"), "test/fixtures/notes.pdf"];
    await pick(...files);
    await reply("Here is all of it.");
    expect(cutter.cuts).toBe(CUTS);
    const { replies } = await shown();
    expect(replies.nodes.map(({ body }) => body)).toEqual(["Here is all of it."]);
    expect(replies.totalCount).toBe(1);
    expect(await page.evaluate("app.asked")).toEqual(["SignIn", "TicketPage", "AddReply"]);
    const { nodes: attachments } = replies.nodes[0]!.attachments;
    expect(attachments.map(({ fileName }) => fileName)).toEqual(["log.txt", "notes.pdf"]);
    for (const [at, { url }] of attachments.entries())
      expect(await inApp("hashOf", url)).toBe(await hashOf(files[at]!));
    // Each file was one upload, which went on where it had been cut.
    expect(sentBy("POST")).toHaveLength(2);
    expect(Math.max(...sentBy("PATCH").map(({ offset }) => offset ?? 0))).toBeGreaterThan(0);
    expect([...preflights]).toEqual(expect.arrayContaining(["/uploads", "/uploads/{id}"]));
  });

  it("begin anew with a file that was sent before", async () => {
    await reply("And once more.");
    const { replies } = await shown();
    expect(replies.nodes.map(({ attachments }) => attachments.nodes.length)).toEqual([2, 2]);
    expect(sentBy("POST")).toHaveLength(4);
  });

  it("are continued by Uppy after the page was closed in their middle", async () => {
    const path = await makeLog("long log.txt");
    await pick(path);
    // After the first cut, no connection lives long enough for a request.
    cutter = proxy.cutAfter(() => (cutter.cuts === 0 ? 8 * MB : 1), Number.POSITIVE_INFINITY);
    proxy.reset();
    const leaving = reply("Never sent.").catch((error: Error) => error);
    await until(async () => cutter.cuts > 1);
    await page.close();
    expect(await leaving).toBeInstanceOf(Error);
    proxy.cutAfter(() => Number.POSITIVE_INFINITY, 0);

    await openApp(page);
    await inApp("openTicket", ticketId);
    const [draft, ...others] = await inApp<Draft[]>("drafts");
    expect(others).toEqual([]);
    expect(draft).toMatchObject({ fileName: "long log.txt", size: SIZE, status: "RECEIVING" });
    expect(draft!.offset).toBeGreaterThan(0);
    expect(draft!.offset).toBeLessThan(SIZE);
    await pick(path);
    await reply("Now it is here.");
    expect(sentBy("POST")).toEqual([]);
    const url = `/uploads/${draft!.id}`;
    expect(sent[0]).toEqual({ method: "HEAD", url, offset: null });
    const [patch] = sentBy("PATCH");
    expect(patch?.url).toBe(url);
    expect(patch?.offset).toBeGreaterThanOrEqual(draft!.offset);
    const last = (await shown()).replies.nodes.at(-1)!;
    expect(last.body).toBe("Now it is here.");
    expect(await inApp("hashOf", last.attachments.nodes[0]!.url)).toBe(await hashOf(path));
    expect(await inApp("drafts")).toEqual([]);
  });

  it("send a clip by tus-js-client, with its progress", async () => {
    await pick("test/fixtures/clip.webm");
    const url = await inApp<string>("clip", ticketId);
    expect(await inApp("hashOf", url)).toBe(await hashOf("test/fixtures/clip.webm"));
    expect(((await page.evaluate("app.progress")) as number[]).at(-1)).toBe(1);
  });
});
