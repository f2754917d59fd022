import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { print } from "graphql";
import type { Page } from "playwright-core";
import { MIB } from "../../src/kernel/bytes.js";
import type { Browser } from "../support/chromium.js";
import { hasChromium, startChromium } from "../support/chromium.js";
import { UploadTicketAttachmentsDocument } from "../support/generated/operations.js";
import type { GraphQLFailure } from "../support/test-client.js";
import { bearer } from "../support/test-client.js";
import type { TicketWorld } from "../support/ticket-world.js";
import { startTicketWorld } from "../support/ticket-world.js";

const UPLOAD = {
  query: print(UploadTicketAttachmentsDocument),
  place: "variables.input.files.0",
};

/** What a page is told of its request. */
interface Told {
  readonly status?: number;
  readonly errors?: readonly GraphQLFailure[];
  readonly failed?: string;
}

let world: TicketWorld;
let browser: Browser;
let page: Page;
let ticketId: string;

const describeInChromium = hasChromium() ? describe : describe.skip;

/** @returns what the page is told of an upload of its own making */
const upload = (way: string, request: object): Promise<Told> =>
  page.evaluate(`upload(${JSON.stringify(way)}, ${JSON.stringify(request)})`);

const toTicket = (id: string) => ({ ...UPLOAD, variables: { input: { ticketId: id, files: [null] } } });

interface Refusal {
  readonly code: string;
  readonly status: number;
  /** Whether it is known before GraphQL begins. */
  readonly isEarly?: boolean;
  request(): object;
}

const REFUSALS: Readonly<Record<string, Refusal>> = {
  "on a ticket that is not there": {
    code: "NOT_FOUND",
    status: 404,
    request: () => ({
      ...toTicket("0190a000-0000-7000-8000-000000000000"),
      headers: bearer(world.people.requester.token),
    }),
  },
  "over the ticket's quota": {
    code: "QUOTA_EXCEEDED",
    status: 409,
    request: () => ({ ...toTicket(ticketId), headers: bearer(world.people.requester.token) }),
  },
  "over the bucket's limit": {
    code: "FILE_TOO_LARGE",
    status: 413,
    request: () => ({
      query: "mutation ($file: Upload!) { setAvatar(file: $file) { id } }",
      variables: { file: null },
      place: "variables.file",
      headers: bearer(world.people.requester.token),
    }),
  },
  "of nobody": {
    code: "UNAUTHENTICATED",
    status: 401,
    isEarly: true,
    request: () => ({ ...toTicket(ticketId), headers: { "apollo-require-preflight": "true" } }),
  },
};

/** In MiB. Of the smallest, little enough is left to be read. */
const SIZES = [5, 60, 300];
const SMALL = 5;

describeInChromium("a page on another origin is told why an upload is refused", () => {
  beforeAll(async () => {
    world = await startTicketWorld({ env: { TICKET_MEGABYTES: "4" } });
    const companyId = await world.newCompany();
    ({ id: ticketId } = await world.openTicket(world.people.requester, { companyId }));
    browser = await startChromium();
    page = await browser.open("desk.html", world.server.url);
  });
  afterAll(async () => {
    await browser?.close();
    await world?.close();
  });

  describe.each(SIZES)("of %d MiB", (size) => {
    describe.each(["fetch", "XMLHttpRequest"])("by %s", (way) => {
      it.each(Object.keys(REFUSALS))("%s", async (name) => {
        const { code, status, isEarly = false, request } = REFUSALS[name]!;
        const told = await upload(way, { ...request(), bytes: size * MIB + 1 });
        expect(told.failed).toBeUndefined();
        expect(told.errors?.[0]?.extensions).toMatchObject({ code, status });
        expect(told.status).toBe(size === SMALL && !isEarly ? 200 : status);
      });
    });
  });
});
