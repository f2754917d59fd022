import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import type { GraphQLObjectType } from "graphql";
import { isObjectType } from "graphql";
import pLimit from "p-limit";
import { digestOf, elsewhere, outcomeOf, textOf, withoutIds } from "../support/outsider-answers.js";
import { clientOf, followOwn } from "../support/own-events.js";
import type { RootType } from "../support/schema-operations.js";
import { operationOn, postOperation, publishedSchema } from "../support/schema-operations.js";
import { bearer, codeIn } from "../support/test-client.js";
import { Walk, walkFrom } from "../support/walk-schema.js";
import type { WalkedWorld } from "../support/walked-world.js";
import { startWalkedWorld } from "../support/walked-world.js";
import type { Outside, Walker } from "../support/walker-reach.js";
import { strangersIn, walkersOf } from "../support/walker-reach.js";
import type { FieldAnswers } from "./field-visibility.js";
import { whoMaySee } from "./field-visibility.js";
import type { RootAnswer } from "./outsider-visibility.js";
import { whatOutsidersAreTold } from "./outsider-visibility.js";

const ROOTS = ["Query", "Mutation", "Subscription"] as const;
const NAMES = ["guest", "bystander", "stranger", "strangeAgent", "strangeKey", "nobody"] as const;
const GROUPS = ["guest", "member", "staff", "doer"] as const;

/** As many as are answered soon: on a busy machine hundreds at once would wait until the server gives up on them. */
const inTurn = pLimit(16);

/** How many things of a kind each tries. Who belongs to nothing here is told the same of all. */
const TRIES: Partial<Record<string, number>> = { strangeAgent: 3, strangeKey: 3, nobody: 3 };

let world: WalkedWorld;
let walkers: ReadonlyMap<string, Walker>;

const walkerNamed = (name: string) => walkers.get(name)!;

const listed = (fields: string | undefined) => fields?.split(" ") ?? [];
const answered = (groups: FieldAnswers) => GROUPS.flatMap((group) => listed(groups[group]));
const inGroup = (...groups: (typeof GROUPS)[number][]) =>
  Object.entries(whoMaySee).flatMap(([type, fields]) =>
    groups.flatMap((group) => listed(fields[group]).map((field) => `${type}.${field}`)),
  );

interface Attempt {
  readonly root: RootType;
  readonly field: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly expected: string;
  readonly isFirst: boolean;
}

/** What is wrong with the answer. Of something that is not there at all it has to be the same. */
async function attempt(walker: Walker, { root, field, args, expected, isFirst }: Attempt): Promise<string[]> {
  const ask = async (variables: typeof args) => {
    const query = operationOn(root, field, variables);
    return postOperation(world.server.url, query, variables, walker.token);
  };
  const answer = await ask(args);
  const what = `${field} ${JSON.stringify(args)}`;
  const known = new Set([...walker.reach, ...strangersIn(JSON.stringify(args), new Set())]);
  const leaks = strangersIn(textOf(answer), known);
  if (leaks.length > 0) return [`${what} tells of ${leaks}`];
  if (expected === "open") return [];
  if (outcomeOf(answer) !== expected) return [`${what}: ${outcomeOf(answer)}, not ${expected}`];
  const [told, ofNothing] = [answer, isFirst ? await ask(elsewhere(args, walker)) : answer].map(textOf);
  if (withoutIds(told!) === withoutIds(ofNothing!)) return [];
  return [`${what}: ${told}, and of what is not there ${ofNothing}`];
}

async function refusedToFollow(
  walker: Walker,
  field: string,
  args: Readonly<Record<string, unknown>>,
  { outcome }: RootAnswer,
): Promise<string[]> {
  const expected = outcome[walker.name] ?? outcome.others;
  const kind = field.replace(/(File)?Events$/, "");
  const id = Object.entries(args).find(([name]) => name.endsWith("Id"))?.[1];
  const [socket, ofNothing, stream] = await Promise.all([
    failureToFollow(walker, field, args),
    failureToFollow(walker, field, elsewhere(args, walker)),
    fetch(`${world.server.url}/events?topic=${kind}:${id}&after=0`, { headers: bearer(walker.token) }),
  ]);
  // A stream that has begun goes on for good.
  const body = stream.ok ? "a stream of events" : await stream.text();
  if (stream.ok) await stream.body!.cancel();
  const faults: string[] = [];
  const what = `${field} ${JSON.stringify(args)}`;
  if (!socket.includes(expected)) faults.push(`${what}: ${socket}, not ${expected}`);
  if (withoutIds(socket) !== withoutIds(ofNothing))
    faults.push(`${what}: ${socket}, of nothing ${ofNothing}`);
  // A topic that streams do not know tells nobody anything.
  if (!body.includes(expected) && stream.status !== 404)
    faults.push(`${what}, event stream: ${stream.status} ${body}, not ${expected}`);
  return faults;
}

/** What came in place of events. */
function failureToFollow(walker: Walker, field: string, variables: Readonly<Record<string, unknown>>) {
  return new Promise<string>((resolve) => {
    const client = clientOf(world.server, walker);
    const done = (told: unknown) => {
      resolve(told instanceof Error ? told.message : JSON.stringify(told));
      void client.dispose();
    };
    client.subscribe(
      { query: operationOn("Subscription", field, variables), variables: { ...variables } },
      {
        next: done,
        error: (error) => done(isClosing(error) ? "UNAUTHENTICATED" : error),
        complete: () => done("completed"),
      },
    );
  });
}

/** A connection without good credentials is closed at once. */
const isClosing = (error: unknown): boolean =>
  typeof error === "object" && error !== null && "code" in error && [4401, 4403].includes(Number(error.code));

const leaksIn = ({ texts }: Walk, { reach }: Walker) =>
  texts.flatMap(({ at, text }) => (strangersIn(text, reach).length > 0 ? `${at}: ${text}` : []));

/** Of people, a key is told what a guest is told, and the staff's of the library alone. */
const keptFromKeys = new Set([
  "User.email",
  "User.isAdmin",
  "User.avatarUrl",
  "User.avatarThumbnailUrl",
  "User.deactivatedAt",
  "Company.memberships",
  "Company.invitations",
  "MediaUsage.attachment",
  "MediaUsage.post",
  "MediaUsage.user",
]);

function keptFrom(name: string): ReadonlySet<string> {
  if (name === "strangeAgent") return new Set();
  if (name === "strangeKey") return keptFromKeys;
  return new Set(
    name === "guest" || name === "nobody" ? inGroup("member", "staff", "doer") : inGroup("staff", "doer"),
  );
}

function shownTo(name: string): readonly string[] {
  if (name === "guest") return inGroup("guest");
  return name === "stranger" ? inGroup("member") : [];
}

const privateFilesOf = async ({ server }: WalkedWorld): Promise<string[]> => {
  const rows = await server.database.sql<{ id: string }[]>`
    select distinct on (bucket) id from media_files where bucket not in ('COMPANY_LOGOS', 'PUBLIC_PAGES')`;
  return rows.map(({ id }) => id);
};

describe("schema walk", () => {
  beforeAll(async () => {
    world = await startWalkedWorld();
    walkers = new Map((await walkersOf(world)).map((walker) => [walker.name, walker]));
  }, 60_000);

  afterEach(() => expect(world.faults).toEqual([]));

  afterAll(() => world?.close());

  describe("every field of the schema has an answer to who may see it", () => {
    const fieldsOf = (type: string) =>
      Object.keys((publishedSchema.getType(type) as GraphQLObjectType | undefined)?.getFields() ?? {}).sort();
    /** Pages of lists are all made alike, and stand and fall with their list. */
    const isPage = (name: string) => /(Connection|Edge)$/.test(name) && !/EventEdge$/.test(name);

    it.each(ROOTS)("among those of %s", (root) => {
      const hint = "say in test/app/outsider-visibility.ts what outsiders are told";
      expect({ [hint]: Object.keys(whatOutsidersAreTold[root]).sort() }).toEqual({ [hint]: fieldsOf(root) });
    });

    it("among those of all other types, in one group and no more", () => {
      const types = Object.values(publishedSchema.getTypeMap()).filter(
        (type) => isObjectType(type) && !type.name.startsWith("__") && !ROOTS.includes(type.name as RootType),
      );
      const names = types.map(({ name }) => name).filter((name) => !isPage(name));
      const hint = "say in test/app/field-visibility.ts who may see it";
      const answers = Object.entries(whoMaySee).map(([type, groups]) => [type, answered(groups).sort()]);
      expect({ [hint]: Object.fromEntries(answers) }).toEqual({
        [hint]: Object.fromEntries(names.map((name) => [name, fieldsOf(name)])),
      });
    });

    it("and pages have nothing but what pages have", () => {
      const types = Object.keys(publishedSchema.getTypeMap()).filter(isPage);
      const odd = types.filter(
        (name) => !/^(edges,nodes,pageInfo,totalCount|cursor,node)$/.test(`${fieldsOf(name)}`),
      );
      expect(odd).toEqual([]);
    });
  });

  describe.each(NAMES)("%s who asks for what is not theirs", (name) => {
    it.each(ROOTS.slice(0, 2))(
      "is told nothing by any %s, and changes nothing",
      async (root) => {
        const walker = walkerNamed(name);
        const before = await digestOf(world);
        const faults = Object.entries(whatOutsidersAreTold[root]).map(async ([field, answer]) => {
          const expected = answer.outcome[name] ?? answer.outcome.others;
          if (expected === "own") return [];
          const attempts = answer.args(walker.outside).slice(0, TRIES[name]);
          const faults = attempts.map((args, index) =>
            inTurn(() => attempt(walker, { root, field, args, expected, isFirst: index === 0 })),
          );
          return (await Promise.all(faults)).flat();
        });
        expect((await Promise.all(faults)).flat()).toEqual([]);
        expect(await digestOf(world)).toEqual(before);
      },
      30_000,
    );
  });

  describe.each(NAMES)("%s who follows", (name) => {
    it("what is not theirs is refused, over a websocket and as an event stream", async () => {
      const walker = walkerNamed(name);
      const faults = Object.entries(whatOutsidersAreTold.Subscription).flatMap(([field, answer]) =>
        answer.args(walker.outside).map((args) => refusedToFollow(walker, field, args, answer)),
      );
      expect((await Promise.all(faults)).flat()).toEqual([]);
    });
  });

  describe.each(NAMES)("%s who goes on from what is theirs, field by field,", (name) => {
    it("meets nothing from outside, and no field that is kept from them", async () => {
      const walker = walkerNamed(name);
      const walk = new Walk();
      const ask = (query: string) => world.server.gql<Record<string, unknown>>(query, {}, walker.token);
      for (const root of walker.roots) await walkFrom(ask, root, walk);
      await followOwn(world, walker, walk);
      expect(leaksIn(walk, walker)).toEqual([]);
      expect(walk.miscounted).toEqual([]);
      expect([...walk.told].filter((field) => keptFrom(name).has(field))).toEqual([]);
      // Nothing is kept from somebody who was never there.
      expect(shownTo(name).filter((field) => !walk.asked.has(field))).toEqual([]);
    }, 60_000);
  });

  describe.each(NAMES)("%s who downloads", (name) => {
    it("gets no byte of what is not theirs, by no URL, and is not told that it is there", async () => {
      const walker = walkerNamed(name);
      const { mediaFileIds, attachmentIds } = walker.outside;
      const paths = [
        ...mediaFileIds.flatMap((id) => [`files/${id}/a.png`, `files/${id}/thumbnail/a.png`]),
        ...attachmentIds.flatMap((id) => [`attachments/${id}/a.png`, `attachments/${id}/thumbnail/a.png`]),
      ];
      const expected = name === "nobody" ? 401 : 404;
      const get = async (path: string, token?: string) => {
        const response = await fetch(`${world.server.url}/${path}`, { headers: bearer(token) });
        return { status: response.status, body: await response.text() };
      };
      const faults = paths.map(async (path) => {
        const asked = await get(path, walker.token);
        const ofNothing = await get(elsewhere(path, walker), walker.token);
        if (asked.status !== expected) return [`${path}: ${asked.status}`];
        return asked.body === ofNothing.body ? [] : [`${path}: ${asked.body}, of nothing ${ofNothing.body}`];
      });
      expect((await Promise.all(faults)).flat()).toEqual([]);
      const secret = await privateFilesOf(world);
      const statuses = secret.map(
        async (id) => (await get(`public/${id}/thumbnail/a.png`, walker.token)).status,
      );
      expect(new Set(await Promise.all(statuses))).toEqual(new Set([404]));
    });

    it("gets nothing by a URL that was signed for somebody else, once it says another name", async () => {
      const walker = walkerNamed(name);
      const manager = await world.server.signInAs("manager@acme.test");
      const [id] = walker.outside.attachmentIds;
      const { signer } = world.server.services;
      const signed = signer.sign({ resource: `attachments/${id}`, name: "a.png", viewerId: manager.id });
      const bent = signed.replace(
        manager.id,
        walker.name === "guest" ? world.acme.lobby.guest.id : world.bystander.id,
      );
      expect(bent).not.toBe(signed);
      expect((await fetch(`${world.server.url}${bent}`, { headers: bearer(walker.token) })).status).toBe(403);
    });
  });

  describe("a guest who names things from outside in its own conversation", () => {
    it.each([
      ["markRead", ({ messageIds }: Outside) => ({ messageId: messageIds[0] })],
      ["sendMessage", ({ messageIds }: Outside) => ({ replyToId: messageIds[0], body: "Mine" })],
      ["addConversationParticipant", ({ userId }: Outside) => ({ userId })],
      ["removeConversationParticipant", ({ userId }: Outside) => ({ userId })],
    ])("is told by %s what it is told of nothing", async (field, more) => {
      const guest = walkerNamed("guest");
      const conversationId = world.acme.lobby.id;
      const ask = async (input: object) => {
        const args = { input: { conversationId, ...input } };
        return postOperation(world.server.url, operationOn("Mutation", field, args), args, guest.token);
      };
      const outside = more(guest.outside);
      const answer = await ask(outside);
      expect(codeIn(answer)).toMatch(/^(BAD_USER_INPUT|FORBIDDEN)$/);
      expect(withoutIds(textOf(answer))).toBe(withoutIds(textOf(await ask(elsewhere(outside, guest)))));
    });
  });
});
