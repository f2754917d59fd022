import { ApolloClient, ApolloLink, gql, InMemoryCache } from "@apollo/client";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import generated from "../../clients/apollo/possible-types.js";
import { typePolicies } from "../../clients/apollo/type-policies.js";
import type { ChatWorld } from "../support/chat-world.js";
import { startChatWorld } from "../support/chat-world.js";
import { publishedSchema } from "../support/schema-operations.js";
import { createUploadLink } from "../support/test-client.js";

let world: ChatWorld;
let companyId: string;
let conversationId: string;

let client: ApolloClient;
/** What has been asked of the server. */
let asked: number;

const PARTS = {
  nodes: "nodes { id number }",
  edges: "edges { cursor node { id number } }",
  both: "edges { cursor node { id number } } nodes { id number }",
};
type Items = readonly { readonly number: number }[];
interface Listed {
  readonly nodes?: Items;
  readonly edges?: readonly { readonly node: Items[number] }[];
  readonly totalCount?: number;
  readonly pageInfo: Readonly<Record<"startCursor" | "endCursor", string>>;
}
const numbersIn = ({ nodes, edges }: Listed) =>
  [nodes, edges?.map(({ node }) => node)].flatMap((items) =>
    items ? [items.map(({ number }) => number)] : [],
  );

const INFO = "pageInfo { startCursor endCursor hasNextPage hasPreviousPage }";
const ticketsBy = (part: keyof typeof PARTS, more = INFO) =>
  gql(`query ($after: String) {
    tickets(filter: { companyId: "${companyId}" }, orderBy: { field: NUMBER, direction: ASC }, first: 3, after: $after) {
      ${PARTS[part]} ${more}
    }
  }`);

const MESSAGES = gql`query ($id: ID!, $last: Int!, $before: String) {
  conversation(id: $id) {
    id
    messages(last: $last, before: $before) {
      edges { cursor node { id number } }
      nodes { id number }
      pageInfo { startCursor endCursor hasNextPage hasPreviousPage }
    }
  }
}`;

/** What a page shows that stays open, and asks for more. */
function open(query: ReturnType<typeof gql>, variables: Record<string, unknown>) {
  const page = client.watchQuery<Record<string, unknown>>({ query, variables });
  const following = page.subscribe({});
  return { page, close: () => following.unsubscribe() };
}
/** What the cache has for it. */
const read = ({ query, variables }: ReturnType<typeof open>["page"]) =>
  client.readQuery<Record<string, unknown>>({ query, variables });
const shownBy = (page: ReturnType<typeof open>["page"]) => (read(page) as { tickets: Listed }).tickets;

describe("apollo lists", () => {
  beforeAll(async () => {
    world = await startChatWorld();
    companyId = await world.newCompany();
    for (let n = 1; n <= 7; n++) await world.openTicket(world.people.requester, { companyId });
    conversationId = await world.start({ companyId });
    for (let n = 1; n <= 7; n++) await world.say(world.people.agent, conversationId, `Message ${n}`);
  });

  afterAll(() => world?.close());

  beforeEach(() => {
    asked = 0;
    const counting = new ApolloLink((operation, forward) => {
      asked++;
      return forward(operation);
    });
    client = new ApolloClient({
      cache: new InMemoryCache({ possibleTypes: generated.possibleTypes, typePolicies }),
      link: counting.concat(createUploadLink(world.server.url, world.people.agent.token)),
    });
  });

  describe.each(["nodes", "edges", "both"] as const)("a list that is read by %s", (part) => {
    it("grows page by page, also when a page is asked for twice", async () => {
      const query = ticketsBy(part);
      await client.query({ query });
      const { page, close } = open(query, {});
      const lists = part === "both" ? 2 : 1;
      const numbers = (count: number) => Array(lists).fill(Array.from({ length: count }, (_, n) => n + 1));
      expect(numbersIn(shownBy(page))).toEqual(numbers(3));
      const [after] = [shownBy(page).pageInfo.endCursor];
      await page.fetchMore({ variables: { after } });
      expect(numbersIn(shownBy(page))).toEqual(numbers(6));
      await page.fetchMore({ variables: { after } });
      expect(numbersIn(shownBy(page))).toEqual(numbers(6));
      await page.fetchMore({ variables: { after: shownBy(page).pageInfo.endCursor } });
      expect(numbersIn(shownBy(page))).toEqual(numbers(7));
      expect(shownBy(page).pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: false });
      close();
    });

    it("is the first page again when it is asked for anew", async () => {
      const query = ticketsBy(part);
      const { data } = await client.query({ query });
      const after = (data as { tickets: Listed }).tickets.pageInfo.endCursor;
      const { page, close } = open(query, {});
      await page.fetchMore({ variables: { after } });
      await page.refetch();
      expect(numbersIn(shownBy(page))[0]).toEqual([1, 2, 3]);
      close();
    });
  });

  describe("queries of one list", () => {
    it("by edges, by nodes and by the count share what they have, and none makes another ask again", async () => {
      const queries = [ticketsBy("edges", ""), ticketsBy("nodes", ""), ticketsBy("nodes", "totalCount")];
      const counts: number[] = [];
      const count = () => void counts.push(asked);
      for (const query of queries) await client.query({ query }).then(count);
      const pages = queries.map((query) => open(query, {}));
      count();
      for (const query of queries) await client.query({ query, fetchPolicy: "network-only" }).then(count);
      // Edges are nodes as well: the second query finds them in the cache.
      expect(counts).toEqual([1, 1, 2, 2, 3, 4, 5]);
      const before = asked;
      for (const { page } of pages) {
        expect(numbersIn(shownBy(page))).toEqual([[1, 2, 3]]);
      }
      for (const query of queries) await client.query({ query });
      expect(asked).toBe(before);
      for (const { close } of pages) close();
    });

    it("of different lengths do not disturb each other, and grow backwards", async () => {
      const ask = (last: number) =>
        client.query({ query: MESSAGES, variables: { id: conversationId, last } });
      await ask(3);
      await ask(1);
      const { page, close } = open(MESSAGES, { id: conversationId, last: 3 });
      const shown = () => (read(page) as { conversation: { messages: Listed } }).conversation;
      const before = asked;
      expect(numbersIn(shown().messages)).toEqual([
        [5, 6, 7],
        [5, 6, 7],
      ]);
      expect(asked).toBe(before);
      await page.fetchMore({ variables: { before: shown().messages.pageInfo.startCursor } });
      expect(numbersIn(shown().messages)[0]).toEqual([2, 3, 4, 5, 6, 7]);
      expect(shown().messages.pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: true });
      close();
    });
  });

  it("every list of the schema has a policy", () => {
    const lists = Object.values(publishedSchema.getTypeMap()).flatMap((type) =>
      "getFields" in type
        ? Object.values(type.getFields())
            .filter((field) => `${field.type}`.endsWith("Connection!"))
            .map((field) => `${type.name}.${field.name}`)
        : [],
    );
    const policies = Object.entries(typePolicies).flatMap(([type, { fields }]) =>
      Object.entries(fields ?? {})
        .filter(([, policy]) => typeof policy === "object" && "keyArgs" in policy)
        .map(([field]) => `${type}.${field}`),
    );
    expect(policies.sort()).toEqual(lists.sort());
  });
});
