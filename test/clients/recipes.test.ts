import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { recipeIn, runRecipe } from "../support/recipes.js";
import type { TicketWorld } from "../support/ticket-world.js";
import { startTicketWorld } from "../support/ticket-world.js";

let world: TicketWorld;
let ticketId: string;

/** What every example takes to be there beside somebody signed in and a ticket: two files that were chosen. */
const CHOSEN = `const fileInput = { files: [new File(["One"], "one.txt"), new File(["Two"], "two.txt")] };`;

const LINE_OF_19 = 'import UploadHttpLink from "apollo-upload-client/UploadHttpLink.mjs"';
const LINE_OF_18 = 'import createUploadLink from "apollo-upload-client/createUploadLink.mjs"';
const LINE_OF_17 = 'import { createUploadLink } from "apollo-upload-client"';
const APOLLO_3 = { "@apollo/client": "@apollo/client-3" };

interface Example {
  code(): Promise<string>;
  /** What is installed under another name here. */
  readonly instead?: Readonly<Record<string, string>>;
}

const examples: Readonly<Record<string, Example>> = {
  "apollo-upload-client 19": { code: () => recipeIn("docs/clients.md", LINE_OF_19) },
  "apollo-upload-client 18": {
    code: () => recipeIn("docs/clients.md", LINE_OF_18),
    instead: { ...APOLLO_3, "apollo-upload-client": "apollo-upload-client-18" },
  },
  "apollo-upload-client 17": {
    code: async () => {
      const [all, line] = [
        await recipeIn("docs/clients.md", LINE_OF_18),
        await recipeIn("docs/clients.md", LINE_OF_17),
      ];
      return all.replace(`${LINE_OF_18};`, line);
    },
    instead: { ...APOLLO_3, "apollo-upload-client": "apollo-upload-client-17" },
  },
  "@urql/core": { code: () => recipeIn("docs/clients.md", "@urql/core") },
};

describe("recipes", () => {
  beforeAll(async () => {
    world = await startTicketWorld();
    const companyId = await world.newCompany();
    ticketId = (await world.openTicket(world.people.requester, { companyId })).id;
  });

  afterAll(() => world?.close());

  it.each(Object.entries(examples))(
    "%s sends files as its example says",
    async (_name, { code, instead }) => {
      const example = (await code()).replaceAll("http://127.0.0.1:4000", world.server.url);
      const told = await runRecipe({
        code: example,
        given: { accessToken: world.people.requester.token, ticketId },
        before: CHOSEN,
        told: "data",
        ...(instead && { instead }),
      });
      expect(told).toMatchObject({
        uploadTicketAttachments: [
          { fileName: "one.txt", size: 3 },
          { fileName: "two.txt", size: 3 },
        ],
      });
    },
  );
});
