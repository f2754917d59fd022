import { readFileSync } from "node:fs";
import { ApolloClient, InMemoryCache } from "@apollo/client";
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from "@jest/globals";
import type { DocumentNode, FragmentDefinitionNode, GraphQLOutputType, SelectionNode } from "graphql";
import { getNamedType, isCompositeType, isObjectType, Kind, parse, print } from "graphql";
import { forgetChanged, forgottenAfter } from "../../clients/apollo/forget-changed.js";
import generated from "../../clients/apollo/possible-types.js";
import { typePolicies } from "../../clients/apollo/type-policies.js";
import type { Scene } from "../support/changes.js";
import { CHANGES_ELSEWHERE } from "../support/changes.js";
import type { TicketChange } from "../support/changes-to-tickets.js";
import { CHANGES_TO_TICKETS, makeTicketScene, mutateAs } from "../support/changes-to-tickets.js";
import { CHANGES_WITH_FILES } from "../support/changes-with-files.js";
import type { ChatWorld } from "../support/chat-world.js";
import { startChatWorld } from "../support/chat-world.js";
import type { Page } from "../support/pages.js";
import { pagesOf, SHOWN, withFragments } from "../support/pages.js";
import { WITHOUT_RIGHTS } from "../support/rights-tables.js";
import { publishedSchema } from "../support/schema-operations.js";
import { createUploadLink } from "../support/test-client.js";
import type { Part } from "../support/ticket-world.js";

/** A row of the table in docs/clients.md, for each of its mutations. */
const documented = new Map(
  [...readFileSync("docs/clients.md", "utf8").matchAll(/^\| (`\w+`.*?) \|(.*?)\|(.*?)\|$/gm)].flatMap(
    ([, names = "", around = "", forgotten = ""]) =>
      [...names.matchAll(/`(\w+)`/g)].map(
        ([, name = ""]) =>
          [
            name,
            {
              around: around.replaceAll("`", "").trim(),
              forgotten: [...forgotten.matchAll(/`([\w.]+)`/g)].map(([, field]) => field!),
            },
          ] as const,
      ),
  ),
);

const mutations = Object.keys(publishedSchema.getMutationType()!.getFields());
const told = mutations.filter((name) => !(name in WITHOUT_RIGHTS));

let world: ChatWorld;
const warned: unknown[][] = [];

const FRAGMENTS = new Map(
  parse(SHOWN).definitions.map((each) => [(each as FragmentDefinitionNode).name.value, each]),
) as ReadonlyMap<string, FragmentDefinitionNode>;

/** A selection of the documentation, its fields as the pages select them. */
function asPagesSelect(type: GraphQLOutputType, { selectionSet }: { selectionSet?: unknown }): string {
  const named = getNamedType(type);
  if (!isCompositeType(named)) return "";
  const shown = FRAGMENTS.get(`${named.name}Shown`)?.selectionSet.selections ?? [];
  const parts = (selectionSet as { selections: SelectionNode[] }).selections.map((node) => {
    if (node.kind !== Kind.FIELD) throw new Error("a field");
    if (!node.selectionSet) {
      const onPages = shown.find((each) => each.kind === Kind.FIELD && each.name.value === node.name.value);
      if (!onPages) throw new Error(`no page shows ${named.name}.${node.name.value}`);
      return print(onPages);
    }
    if (!isObjectType(named) && named.name !== "Post") throw new Error(`${named.name} has no fields`);
    const field = (named as { getFields(): Record<string, { type: GraphQLOutputType }> }).getFields()[
      node.name.value
    ]!;
    const inside = getNamedType(field.type);
    const id = "getFields" in inside && "id" in inside.getFields() ? "id" : "";
    return `${node.name.value} { ${id} ${asPagesSelect(field.type, node)} }`;
  });
  return parts.join(" ");
}

function documentOf(name: string, args: object, around: string): DocumentNode {
  const field = publishedSchema.getMutationType()!.getFields()[name]!;
  const type = getNamedType(field.type);
  const declared = Object.keys(args).map(
    (arg) => `$${arg}: ${field.args.find((each) => each.name === arg)!.type}`,
  );
  const passed = Object.keys(args).map((arg) => `${arg}: $${arg}`);
  const shown =
    isObjectType(type) && type.getInterfaces().some(({ name }) => name === "Post") ? "Post" : type.name;
  const own = FRAGMENTS.has(`${shown}Shown`) ? `...${shown}Shown` : OWN[type.name];
  const selection = parse(`{ ${around || "id"} }`).definitions[0] as never;
  const more = around ? asPagesSelect(field.type, selection) : "";
  return withFragments(
    `mutation ${declared.length > 0 ? `(${declared})` : ""} { ${name}${passed.length > 0 ? `(${passed})` : ""} { ${own ?? ""} ${more} } }`,
  );
}

/** Of answers that no page shows. */
const OWN: Readonly<Record<string, string>> = {
  CreatedApiKey: "apiKey { ...ApiKeyShown }",
  GuestInvitation: "guest { ...GuestShown }",
  MediaUsage: "resourceId",
  PasswordReset: "expiresAt",
  PurgedMessage: "id",
  PurgeReport: "files",
  WebhookDelivery: "id status",
  WebhookWithSecret: "webhook { ...WebhookShown }",
};

const clientOf = (part: Part): ApolloClient =>
  new ApolloClient({
    cache: new InMemoryCache({ possibleTypes: generated.possibleTypes, typePolicies }),
    link: createUploadLink(world.server.url, world.people[part].token),
  });

interface Prepared {
  readonly by: Part;
  readonly companyId: string;
  readonly args: object;
}

async function prepare(name: string): Promise<Prepared> {
  const companyId = await world.newCompany();
  const scene: Scene = { ...world, companyId };
  const elsewhere = CHANGES_ELSEWHERE[name];
  if (elsewhere) return { by: elsewhere.by, companyId, args: await elsewhere.prepare(scene) };
  const { manager } = world.people;
  const ticket = await makeTicketScene(world, companyId, manager);
  const ofTicket = CHANGES_TO_TICKETS[name as TicketChange];
  if (ofTicket) {
    if (ofTicket.after)
      await mutateAs(world, manager, ofTicket.after, CHANGES_TO_TICKETS[ofTicket.after].args(ticket));
    return { by: "manager", companyId, args: ofTicket.args(ticket) };
  }
  const conversationId = await world.start({ companyId, ticketId: ticket.ticketId });
  const { id: messageId } = await world.say(manager, conversationId, { body: "It hums" });
  const [attached] = await world.server.database.sql<{ id: string }[]>`
    select media_file_id as id from attachments where id = ${ticket.attachmentId}`;
  const args = await CHANGES_WITH_FILES[name as keyof typeof CHANGES_WITH_FILES]({
    ...ticket,
    companyId,
    conversationId,
    messageId,
    mediaFileId: attached!.id,
  });
  return { by: name === "createCompany" ? "admin" : "manager", companyId, args };
}

const isForgotten = ({ root, query }: Page, forgotten: readonly string[]) =>
  forgotten.includes("Query") ||
  forgotten.includes(`Query.${root}`) ||
  forgotten.some((field) => field === "Company.invitations" && print(query).includes("invitations(")) ||
  (forgotten.includes("Viewer.invitations") && root === "viewer");

describe("apollo cache", () => {
  it("is said of every mutation what is around it, and what is forgotten after it", () => {
    expect([...documented.keys()].sort()).toEqual([...told].sort());
    const forgotten = [...documented].map(([name, row]) => [name, row.forgotten]);
    expect(Object.fromEntries(forgotten.filter(([, fields]) => fields!.length > 0))).toEqual(forgottenAfter);
  });

  beforeAll(async () => {
    for (const level of ["warn", "error"] as const)
      jest.spyOn(console, level).mockImplementation((...said) => void warned.push(said));
    world = await startChatWorld({ env: { GRAPHQL_COST: "1000000", GRAPHQL_DEPTH: "50" } });
  });

  afterEach(() => expect(warned.splice(0)).toEqual([]));

  afterAll(() => world?.close());

  it.each(told)("after %s what the pages show is what the server has", async (name) => {
    const { around, forgotten } = documented.get(name)!;
    const { by, companyId, args } = await prepare(name);
    const pages = pagesOf(by, companyId);
    const client = clientOf(by);
    for (const { query } of pages) await client.query({ query });
    await client.mutate({
      mutation: documentOf(name, args, around),
      variables: args,
      update: forgetChanged,
    });
    const other = clientOf(by);
    for (const page of pages) {
      const { query } = page;
      const shown = client.readQuery({ query });
      const { data } = await other.query({ query });
      expect([page.root, shown === null]).toEqual([page.root, isForgotten(page, forgotten)]);
      if (shown !== null) expect(shown).toEqual(data);
    }
  });
});
