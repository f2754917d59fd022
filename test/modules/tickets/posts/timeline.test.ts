import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import {
  CreatePhotoDocument,
  CreatePhotoSeriesDocument,
  DeletePostDocument,
  DeleteReplyDocument,
  TicketPostsDocument,
  TicketTimelineDocument,
  TimelinePageDocument,
} from "../../../support/generated/operations.js";
import { makeJpeg } from "../../../support/make-files.js";
import { countStatements } from "../../../support/statement-count.js";
import { codeIn } from "../../../support/test-client.js";
import type { SignedIn } from "../../../support/test-server.js";
import type { TicketWorld } from "../../../support/ticket-world.js";
import { startTicketWorld } from "../../../support/ticket-world.js";

let world: TicketWorld;
let companyId: string;
let mediaFileId: string;
const statements: string[] = [];

const newTicket = async () => (await world.openTicket(world.people.requester, { companyId })).id;

async function firstPhoto(ticketId: string) {
  const file = new File([new Uint8Array(await makeJpeg({ width: 40, height: 30 }))], "photo.jpg");
  const variables = { input: { ticketId, file } };
  const { data } = await world.people.agent.client.mutate({ mutation: CreatePhotoDocument, variables });
  return data!.createPhoto;
}

/** The company's photo once more. */
async function post(ticketId: string, description: string): Promise<string> {
  const input = { ticketId, mediaFileId, description };
  const { data } = await world.server.gql(CreatePhotoDocument, { input }, world.people.agent.token);
  return data!.createPhoto.id;
}

const reply = async (ticketId: string, body: string, isInternal = false): Promise<string> =>
  (await world.addReply(world.people.agent, { ticketId, body, isInternal })).id;

interface Pages {
  readonly first?: number;
  readonly after?: string | null;
  readonly last?: number;
  readonly before?: string | null;
}

async function timelineOf(by: SignedIn, id: string, pages: Pages = {}) {
  const answer = await world.server.gql(TicketTimelineDocument, { id, ...pages }, by.token);
  expect(codeIn(answer)).toBe("ok");
  const { nodes, pageInfo, totalCount } = answer.data!.ticket!.timeline;
  const words = nodes.map((node) => {
    const item = node as { body?: string; description?: string };
    return item.body ?? item.description;
  });
  return { words, pageInfo, totalCount };
}

/** Nine items, the replies and the posts in turns, two of the replies internal. */
async function busyTicket(): Promise<{ id: string; all: string[]; open: string[] }> {
  const id = await newTicket();
  const all: string[] = [];
  for (let n = 0; n < 9; n++) {
    const isInternal = n === 2 || n === 6;
    const word = `${n}${isInternal ? " internal" : ""}`;
    all.push(word);
    if (n % 2 === 0) await reply(id, word, isInternal);
    else await post(id, word);
  }
  return { id, all, open: all.filter((word) => !word.includes("internal")) };
}

describe("timeline", () => {
  beforeAll(async () => {
    world = await startTicketWorld({
      onStatement: (statement) => statements.push(statement),
    });
    companyId = await world.newCompany();
    mediaFileId = ((await firstPhoto(await newTicket())) as { file: { id: string } }).file.id;
  });

  afterAll(() => world?.close());

  describe("a ticket's timeline", () => {
    it("interleaves replies and posts by time, and shows internal replies to staff alone", async () => {
      const { id, all, open } = await busyTicket();
      const { requester, agent, manager } = world.people;
      for (const person of [agent, manager])
        expect(await timelineOf(person, id)).toMatchObject({ words: all, totalCount: 9 });
      expect(await timelineOf(requester, id)).toMatchObject({ words: open, totalCount: 7 });
    });

    it.each([1, 2, 3, 4])("is read whole in pages of %i, both ways", async (size) => {
      const { id, all, open } = await busyTicket();
      const { requester, agent } = world.people;
      for (const [person, expected] of [
        [agent, all],
        [requester, open],
      ] as const) {
        const forward: (string | undefined)[] = [];
        let after: string | null = null;
        for (let more = true; more; ) {
          const { words, pageInfo } = await timelineOf(person, id, { first: size, after });
          expect(pageInfo.hasPreviousPage).toBe(after !== null);
          forward.push(...words);
          more = pageInfo.hasNextPage;
          after = pageInfo.endCursor ?? null;
        }
        expect(forward).toEqual(expected);

        const backward: (string | undefined)[] = [];
        let before: string | null = null;
        for (let more = true; more; ) {
          const { words, pageInfo } = await timelineOf(person, id, { last: size, before });
          backward.unshift(...words);
          more = pageInfo.hasPreviousPage;
          before = pageInfo.startCursor ?? null;
        }
        expect(backward).toEqual(expected);
      }
    });

    it("keeps its pages when things come and go between them", async () => {
      const { id, all } = await busyTicket();
      const { agent } = world.people;
      const { words, pageInfo } = await timelineOf(agent, id, { first: 4 });
      expect(words).toEqual(all.slice(0, 4));
      const { data } = await world.server.gql(TicketPostsDocument, { id }, agent.token);
      // The item that the cursor was made of goes, one of the next page goes, and a new one comes.
      const at = (word: string) => data!.ticket!.posts.nodes.find((node) => node.description === word)!.id;
      await world.server.gql(DeletePostDocument, { id: at("3") }, agent.token);
      await world.server.gql(DeletePostDocument, { id: at("5") }, agent.token);
      await reply(id, "new");
      const rest = await timelineOf(agent, id, { first: 10, after: pageInfo.endCursor ?? null });
      expect(rest.words).toEqual([...all.slice(4).filter((word) => word !== "5"), "new"]);
    });

    it("tells apart what happened in the same millisecond", async () => {
      const { id, all } = await busyTicket();
      const { sql } = world.server.database;
      const now = new Date().toISOString();
      await sql`update replies set created_at = ${now} where ticket_id = ${id}`;
      await sql`update media_posts set created_at = ${now} where ticket_id = ${id}`;
      const read: (string | undefined)[] = [];
      let after: string | null = null;
      for (let more = true; more; ) {
        const { words, pageInfo } = await timelineOf(world.people.agent, id, { first: 2, after });
        read.push(...words);
        more = pageInfo.hasNextPage;
        after = pageInfo.endCursor ?? null;
      }
      expect(read).toEqual(all);
    });

    it("does not show what has been deleted", async () => {
      const id = await newTicket();
      const { agent } = world.people;
      const [said, shown] = [await reply(id, "said"), await post(id, "shown")];
      await reply(id, "stays");
      await world.server.gql(DeleteReplyDocument, { id: said }, agent.token);
      await world.server.gql(DeletePostDocument, { id: shown }, agent.token);
      expect(await timelineOf(agent, id)).toMatchObject({ words: ["stays"], totalCount: 1 });
    });

    it("refuses cursors that are not its own", async () => {
      const { id } = await busyTicket();
      for (const after of ["x", Buffer.from('["2026-01-01T00:00:00.000Z","7"]').toString("base64url")]) {
        const answer = await world.server.gql(
          TicketTimelineDocument,
          { id, after },
          world.people.agent.token,
        );
        expect(codeIn(answer)).toBe("BAD_USER_INPUT");
      }
    });
  });

  describe("timelines of many tickets", () => {
    it("take as many statements as those of two, whatever stands on them", async () => {
      const company = await world.newCompany();
      const { requester, participant, customer, agent, admin } = world.people;
      const { data } = await world.server.gql(
        CreatePhotoDocument,
        { input: { ticketId: (await world.openTicket(requester, { companyId: company })).id, mediaFileId } },
        agent.token,
      );
      expect(data).toEqual({ createPhoto: null }); // the photo is another company's
      for (let n = 0; n < 10; n++) {
        const { id: ticketId } = await world.openTicket([requester, participant][n % 2]!, {
          companyId: company,
        });
        const photos = await Promise.all(
          Array.from({ length: 1 + (n % 3) }, async () => ({
            file: new File([new Uint8Array(await makeJpeg({ width: 20, height: 20 }))], "a.jpg"),
          })),
        );
        const variables = { input: { ticketId, photos } };
        await [agent, admin][n % 2]!.client.mutate({ mutation: CreatePhotoSeriesDocument, variables });
        const file = new File([new Uint8Array(await makeJpeg({ width: 20, height: 20 }))], "a.jpg");
        await agent.client.mutate({
          mutation: CreatePhotoDocument,
          variables: { input: { ticketId, file } },
        });
        for (const author of [agent, admin, agent].slice(0, 1 + (n % 3)))
          await world.addReply(author, { ticketId });
        await world.addParticipant(ticketId, customer);
      }
      const listPage = async (first: number) => {
        const variables = { first, filter: { companyId: company } };
        const read = () => world.server.gql(TimelinePageDocument, variables, agent.token);
        const count = await countStatements(statements, read);
        const answer = await read();
        expect(codeIn(answer)).toBe("ok");
        return { nodes: answer.data!.tickets.nodes, count };
      };
      const two = await listPage(2);
      const ten = await listPage(10);
      expect(ten.nodes.flatMap(({ timeline }) => timeline.nodes).length).toBeGreaterThan(35);
      expect(ten.count).toBe(two.count);
      expect(ten.count).toBeLessThanOrEqual(8);
    });
  });
});
