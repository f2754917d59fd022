import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { Page } from "playwright-core";
import type { Browser } from "../support/chromium.js";
import { hasChromium, startChromium } from "../support/chromium.js";
import { recipeIn } from "../support/recipes.js";
import type { TicketWorld } from "../support/ticket-world.js";
import { startTicketWorld } from "../support/ticket-world.js";

const MIB = 1024 ** 2;

let world: TicketWorld;
let browser: Browser;
let page: Page;
let example: string;
let ticketId: string;

/** What became of an upload. */
interface Told {
  readonly sent: readonly number[];
  readonly total?: number;
  readonly failed?: string;
  readonly status?: number;
  readonly type?: string | null;
  readonly body?: { readonly data?: unknown; readonly errors?: readonly { readonly extensions: object }[] };
}

/** Sends a file with the example's `fetch`. @param when when it is aborted, in JavaScript of the page */
const upload = (
  bytes: number,
  options: { token?: string; url?: string; when?: string } = {},
): Promise<Told> =>
  page.evaluate(`(async () => {
    ${example}
    const told = { sent: [] };
    const leaving = new AbortController();
    const form = new FormData();
    form.append("operations", JSON.stringify({
      query: "mutation ($input: UploadTicketAttachmentsInput!) { uploadTicketAttachments(input: $input) { size } }",
      variables: { input: { ticketId: ${JSON.stringify(ticketId)}, files: [null] } },
    }));
    form.append("map", JSON.stringify({ 0: ["variables.input.files.0"] }));
    form.append("0", textOf(${bytes}));
    const send = fetchWithProgress((sent, total) => {
      told.sent.push(sent);
      told.total = total;
      if (${options.when === "under way"}) leaving.abort();
    });
    if (${options.when === "before"}) leaving.abort();
    try {
      const response = await send(${JSON.stringify(options.url ?? `${world.server.url}/graphql`)}, {
        method: "POST",
        headers: { accept: "application/graphql-response+json", "apollo-require-preflight": "true",
          ...(${Boolean(options.token)} && { authorization: "Bearer ${options.token}" }) },
        body: form,
        signal: leaving.signal,
      });
      Object.assign(told, { status: response.status, type: response.headers.get("content-type"), body: await response.json() });
    } catch (error) {
      told.failed = error.name;
    }
    return told;
  })()`);

(hasChromium() ? describe : describe.skip)("the documented `fetch` with progress, in Chromium,", () => {
  beforeAll(async () => {
    [example] = (await recipeIn("docs/clients.md", "fetchWithProgress")).split("new UploadHttpLink") as [
      string,
    ];
    world = await startTicketWorld();
    const companyId = await world.newCompany();
    ticketId = (await world.openTicket(world.people.requester, { companyId })).id;
    browser = await startChromium();
    page = await browser.open("desk.html", world.server.url);
  });
  afterAll(async () => {
    await browser?.close();
    await world?.close();
  });

  it("tells how much was sent, and gives the answer with its status and headers", async () => {
    const { token } = world.people.requester;
    const told = await upload(8 * MIB, { token });
    expect(told).toMatchObject({
      status: 200,
      type: expect.stringContaining("application/graphql-response+json"),
      body: { data: { uploadTicketAttachments: [{ size: 8 * MIB }] } },
    });
    expect(told.sent.at(-1)).toBe(told.total);
    expect([...told.sent].sort((one, other) => one - other)).toEqual(told.sent);
    expect(told.total).toBeGreaterThan(8 * MIB);
  });

  it("gives a refusal with its status and headers as well", async () => {
    expect(await upload(1_000)).toMatchObject({
      status: 401,
      type: expect.stringContaining("application/graphql-response+json"),
      body: { errors: [{ extensions: { code: "UNAUTHENTICATED" } }] },
    });
  });

  it.each(["before", "under way"])("settles when it is aborted %s", async (when) => {
    const { token } = world.people.requester;
    const told = await upload(20 * MIB, { token, when });
    expect(told.failed).toBe("AbortError");
    expect(told.status).toBeUndefined();
  });

  it("fails as `fetch` does when nobody is there", async () => {
    expect((await upload(1_000, { url: "http://127.0.0.1:9/graphql" })).failed).toBe("TypeError");
  });
});
