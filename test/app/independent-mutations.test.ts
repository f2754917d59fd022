import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { isNonNullType } from "graphql";
import { postParts } from "../support/post-files.js";
import { publishedSchema } from "../support/schema-operations.js";
import type { TicketWorld } from "../support/ticket-world.js";
import { startTicketWorld } from "../support/ticket-world.js";

let world: TicketWorld;
let companyId: string;

const newTicket = async () => (await world.openTicket(world.people.requester, { companyId })).id;

describe("independent mutations", () => {
  beforeAll(async () => {
    world = await startTicketWorld();
    companyId = await world.newCompany();
  });

  afterAll(() => world?.close());

  it("are nullable, all of them", () => {
    const fields = Object.values(publishedSchema.getMutationType()!.getFields());
    expect(fields.filter(({ type }) => isNonNullType(type)).map(({ name }) => name)).toEqual([]);
  });

  describe("of several mutations in one request", () => {
    const THREE = `mutation ($ticketId: ID!, $nothing: ID!) {
    first: addReply(input: { ticketId: $ticketId, body: "The first" }) { id body ticket { replies { totalCount nodes { body } } } }
    second: addReply(input: { ticketId: $nothing, body: "Nowhere" }) { id }
    third: addReply(input: { ticketId: $ticketId, body: "The third" }) { id body ticket { replies { totalCount nodes { body } } } }
  }`;
    const page = (...bodies: string[]) => ({
      replies: { totalCount: bodies.length, nodes: bodies.map((body) => ({ body })) },
    });

    it("one that fails takes neither the answers of those before it nor those behind it", async () => {
      const variables = { ticketId: await newTicket(), nothing: randomUUID() };
      const { data, errors } = await world.server.gql(THREE, variables, world.people.agent.token);
      expect(data).toMatchObject({
        first: { body: "The first" },
        second: null,
        third: { body: "The third" },
      });
      expect(errors).toMatchObject([{ path: ["second"], extensions: { code: "NOT_FOUND" } }]);
      expect(errors).toHaveLength(1);
    });

    it("each is answered with what was there behind it", async () => {
      const variables = { ticketId: await newTicket(), nothing: randomUUID() };
      const { data } = await world.server.gql(THREE, variables, world.people.agent.token);
      expect(data).toMatchObject({
        first: { ticket: page("The first") },
        third: { ticket: page("The first", "The third") },
      });
    });

    it("one whose file is refused leaves the others their files and their answers", async () => {
      const ticketId = await newTicket();
      const attach = (name: string) =>
        `${name}: uploadTicketAttachments(input: { ticketId: $ticketId, files: [$${name}] }) { fileName }`;
      const query = `mutation ($ticketId: ID!, $a: Upload!, $b: Upload!, $c: Upload!) { ${["a", "b", "c"].map(attach).join(" ")} }`;
      const { data, errors } = await postParts(world.server.url, {
        query,
        variables: { ticketId, a: null, b: null, c: null },
        map: { "0": ["variables.a"], "1": ["variables.b"], "2": ["variables.c"] },
        files: [
          { name: "a.txt", bytes: Buffer.from("The first file") },
          { name: "b.txt", bytes: Buffer.from("<html><script>alert(1)</script></html>") },
          { name: "c.txt", bytes: Buffer.from("The third file") },
        ],
        token: world.people.requester.token,
      });
      expect(data).toEqual({ a: [{ fileName: "a.txt" }], b: null, c: [{ fileName: "c.txt" }] });
      expect(errors).toMatchObject([{ path: ["b"], extensions: { code: "UNSUPPORTED_FILE_TYPE" } }]);
      const { data: seen } = await world.server.gql<{ ticket: { attachmentCount: number } }>(
        "query ($id: ID!) { ticket(id: $id) { attachmentCount } }",
        { id: ticketId },
        world.people.requester.token,
      );
      expect(seen?.ticket.attachmentCount).toBe(2);
    });
  });
});
