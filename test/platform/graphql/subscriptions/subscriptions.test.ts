import { describe, expect, it, jest } from "@jest/globals";
import type { FormattedExecutionResult, GraphQLObjectType } from "graphql";
import { notFound } from "../../../../src/kernel/errors.js";
import { createPreparationTurns } from "../../../../src/platform/graphql/documents/preparation-turns.js";
import { SubscriptionStarts } from "../../../../src/platform/graphql/subscriptions/subscription-starts.js";
import type { SubscriptionFailure } from "../../../../src/platform/graphql/subscriptions/subscriptions.js";
import { createSubscriptions } from "../../../../src/platform/graphql/subscriptions/subscriptions.js";
import type { Context, Person, Seen } from "../../../support/realtime-server.js";
import { FakeFeed, message, realtimeSchema, until } from "../../../support/realtime-server.js";

const anna: Person = { kind: "user", id: "anna" };
const EVENTS = `subscription Events($id: ID!) {
  conversationEvents(conversationId: $id) {
    cursor event { __typename ... on MessageAdded { message { id readBy sender { __typename ... on User { name } } } } }
  }
}`;

function stage({ introspection = true, startsPerMinute = 1_000 } = {}) {
  const feed = new FakeFeed();
  const seen: Seen = { contexts: [] };
  const schema = realtimeSchema(seen);
  const log = { error: jest.fn(), warn: jest.fn() };
  const subscriptions = createSubscriptions({
    schema,
    feed,
    introspection,
    maxDepth: 6,
    maxCost: 100,
    startsPerMinute,
    findOperation: null,
    maxAnswerBytes: 1_000,
    log,
    preparations: createPreparationTurns(),
    callerOf: ({ viewer }) => ({ key: viewer.id, isAnonymous: false }),
  });
  const base: Context = {
    viewer: anna,
    requestId: "r1",
    baseUrl: "http://desk.example.com",
    clientAddress: "::1",
    requestBytes: null,
  };
  const open = async (query = EVENTS, viewer = anna, variables: object = { id: "c1" }) => {
    const ending = new AbortController();
    const results: FormattedExecutionResult[] = [];
    const request = { query, variables: variables as Record<string, unknown> };
    const events = await subscriptions.open(request, { ...base, viewer }, ending.signal);
    const over = (async () => {
      for await (const result of events) results.push(result);
    })();
    return { results, over, end: () => ending.abort() };
  };
  return { feed, seen, schema, log, open };
}

const idsIn = (results: readonly FormattedExecutionResult[]) =>
  [...JSON.stringify(results).matchAll(/"message":\{"id":"(\w+)"/g)].map(([, id]) => id);

const refusalOf = (action: Promise<unknown>): Promise<SubscriptionFailure> =>
  action.then(
    () => Promise.reject(new Error("it was not refused")),
    (error: SubscriptionFailure) => error,
  );

describe("A subscription", () => {
  it("executes every event in a context of its own, with the viewer as it is then", async () => {
    const { feed, seen, open } = stage();
    const { results, end, over } = await open();
    for (const id of ["m1", "m2", "m3"]) feed.deliver("c1", message(id));
    await until(() => results.length === 3);
    feed.renewed.set("anna", { kind: "user", id: "anna by another name" });
    feed.deliver("c1", message("m4"));
    await until(() => results.length === 4);
    expect(results[3]).toEqual({
      data: {
        conversationEvents: {
          cursor: "4",
          event: {
            __typename: "MessageAdded",
            message: {
              id: "m4",
              readBy: "anna by another name",
              sender: { __typename: "User", name: "Anna" },
            },
          },
        },
      },
    });
    expect(new Set(seen.contexts).size).toBe(4);
    expect(seen.contexts.map(({ requestId }) => requestId)).toEqual(["r1", "r1", "r1", "r1"]);
    end();
    await over;
    expect(feed.subscribers.size).toBe(0);
  });

  it("shares what does not depend on the viewer among all that receive the same event", async () => {
    const { feed, seen, open } = stage();
    const all = await Promise.all(["a", "b", "c"].map((id) => open(EVENTS, { kind: "user", id })));
    feed.deliver("c1", message("m1"));
    feed.deliver("c1", message("m2"));
    await until(() => all.every(({ results }) => results.length === 2));
    const shared = seen.contexts.map((context) => context.shared);
    expect(new Set(shared).size).toBe(2);
    expect(new Set(seen.contexts.map(({ viewer }) => viewer.id))).toEqual(new Set(["a", "b", "c"]));
  });

  it("is executed once for all whose result is the same, whatever their cursor", async () => {
    const { feed, schema, open } = stage();
    const bodies = jest.fn(({ body }: { body: string }) => body);
    Object.assign((schema.getType("ChatMessage") as GraphQLObjectType).getFields().body ?? {}, {
      resolve: bodies,
    });
    const query = `subscription ($id: ID!, $after: String, $long: Boolean!) {
      conversationEvents(conversationId: $id, after: $after) {
        cursor event { ... on MessageAdded { message { id body @include(if: $long) } } }
      }
    }`;
    feed.deliver("c1", message("m1"));
    const follow = (id: string, after: string | null, long: boolean) =>
      open(query, { kind: "user", id }, { id: "c1", after, long });
    const readers = [await follow("a", "1", true), await follow("b", null, true)];
    const skimmer = await follow("c", null, false);
    for (const id of ["m2", "m3", "m4"]) {
      bodies.mockClear();
      feed.deliver("c1", message(id));
      await until(() => [...readers, skimmer].every(({ results }) => idsIn(results).at(-1) === id));
      expect(bodies).toHaveBeenCalledTimes(1);
    }
    expect(readers[0]?.results).toEqual(readers[1]?.results);
    expect(JSON.stringify(readers[0]?.results)).toContain("text of m4");
    expect(JSON.stringify(skimmer.results)).not.toContain("text of");
  });

  it("gives each viewer a result of its own where a resolver reads the viewer, even late and once", async () => {
    const { feed, open } = stage();
    const all = await Promise.all(["a", "b", "c"].map((id) => open(EVENTS, { kind: "user", id })));
    feed.deliver("c1", { __typename: "MessagePurged", messageId: "m0" });
    for (const id of ["m1", "m2", "m3"]) feed.deliver("c1", message(id));
    await until(() => all.every(({ results }) => results.length === 4));
    const readBy = all.map(({ results }) =>
      [...JSON.stringify(results).matchAll(/"readBy":"(\w)"/g)].map(([, name]) => name),
    );
    expect(readBy).toEqual([
      ["a", "a", "a"],
      ["b", "b", "b"],
      ["c", "c", "c"],
    ]);
  });

  it("is parsed and validated once for a thousand who subscribe with the same text", async () => {
    const { feed, schema, open } = stage();
    // Whoever validates asks the schema for the type of every field.
    const asked = jest.spyOn(schema, "getSubscriptionType");
    const first = await open();
    const once = asked.mock.calls.length;
    asked.mockClear();
    const others = await Promise.all(Array.from({ length: 999 }, () => open()));
    const perSubscriber = asked.mock.calls.length / 999;
    expect(perSubscriber).toBeLessThan(once);
    feed.deliver("c1", message("m1"));
    await until(() => [first, ...others].every(({ results }) => results.length === 1));
    asked.mockClear();
    for (const id of ["m2", "m3"]) feed.deliver("c1", message(id));
    await until(() => [first, ...others].every(({ results }) => results.length === 3));
    // Nothing that is interpreted runs any more.
    expect(asked).not.toHaveBeenCalled();
    for (const { end } of [first, ...others]) end();
    expect(feed.subscribers.size).toBe(0);
  });

  it("masks what fails in one event, logs it, and goes on", async () => {
    const { feed, log, open } = stage();
    const query = `subscription { conversationEvents(conversationId: "c1") { cursor event { ... on MessageAdded { message { id broken } } } } }`;
    const { results } = await open(query);
    for (const id of ["m1", "m2", "m3"]) feed.deliver("c1", message(id));
    await until(() => results.length === 3);
    for (const [index, { data, errors }] of results.entries()) {
      expect(data).toMatchObject({
        conversationEvents: { event: { message: { id: `m${index + 1}`, broken: null } } },
      });
      expect(errors).toEqual([
        expect.objectContaining({
          path: ["conversationEvents", "event", "message", "broken"],
          extensions: { code: "INTERNAL_SERVER_ERROR", status: 500, requestId: "r1" },
        }),
      ]);
    }
    expect(JSON.stringify(results)).not.toContain("swordfish");
    expect(log.error).toHaveBeenCalledTimes(3);
  });

  it("ends with a code when the feed does", async () => {
    const { feed, open } = stage();
    const { over } = await open();
    feed.end(notFound("conversation"));
    const failure = await refusalOf(over);
    expect(failure.errors[0]?.extensions).toEqual({ code: "NOT_FOUND", status: 404 });
    expect(failure.failure).toMatchObject({ code: "NOT_FOUND" });
  });

  it("does not begin when it was aborted meanwhile", async () => {
    const { feed, open } = stage();
    const opening = open();
    const { end, over } = await opening;
    end();
    await over;
    expect(feed.subscribers.size).toBe(0);
  });

  it.each([
    [
      "by a value",
      `subscription ($id: ID!) { conversationEvents(conversationId: $id) @skip(if: true) { cursor } }`,
    ],
    [
      "though it holds",
      `subscription ($id: ID!) { conversationEvents(conversationId: $id) @include(if: true) { cursor } }`,
    ],
    [
      "by a variable",
      `subscription ($id: ID!, $on: Boolean!) { conversationEvents(conversationId: $id) @include(if: $on) { cursor } }`,
    ],
    [
      "in a fragment",
      `subscription ($id: ID!) { ...F } fragment F on Subscription { conversationEvents(conversationId: $id) @skip(if: true) { cursor } }`,
    ],
    [
      "by its fragment",
      `subscription ($id: ID!) { ...F @skip(if: true) } fragment F on Subscription { conversationEvents(conversationId: $id) { cursor } }`,
    ],
    [
      "by a fragment in a fragment",
      `subscription ($id: ID!) { ... { ...F } } fragment F on Subscription { ... @skip(if: true) { ...G } } fragment G on Subscription { conversationEvents(conversationId: $id) { cursor } }`,
    ],
  ])("has a root that depends on no condition: %s", async (_how, query) => {
    const { feed, log, open } = stage();
    const variables = { id: "c1", on: true };
    const { errors, failure } = await refusalOf(open(query, anna, variables));
    expect(errors).toMatchObject([
      {
        extensions: { code: "GRAPHQL_VALIDATION_FAILED", status: 400 },
        locations: [{ line: expect.any(Number) }],
      },
    ]);
    expect(errors[0]?.message).toContain("takes no `@skip` or `@include`");
    expect(failure).toMatchObject({ code: "BAD_USER_INPUT" });
    expect(log.error).not.toHaveBeenCalled();
    expect(feed.subscribers.size).toBe(0);
  });

  it("has no fragment inside of itself, whatever its conditions", async () => {
    const { feed, log, open } = stage();
    const query = `subscription ($id: ID!) { ... { ...F } } fragment F on Subscription { ... @skip(if: true) { ...F conversationEvents(conversationId: $id) { cursor } } }`;
    const { errors, failure } = await refusalOf(open(query, anna, { id: "c1" }));
    expect(errors).toMatchObject([
      {
        message: 'Cannot spread fragment "F" within itself.',
        extensions: { code: "GRAPHQL_VALIDATION_FAILED", status: 400 },
        locations: [{ line: expect.any(Number) }],
      },
    ]);
    expect(failure).toMatchObject({ code: "BAD_USER_INPUT" });
    expect(log.error).not.toHaveBeenCalled();
    expect(feed.subscribers.size).toBe(0);
  });

  it("suggests no names and shows no schema where introspection is off", async () => {
    const query = `subscription { conversationEvent(conversationId: "c1") { cursor } }`;
    const [shown] = (await refusalOf(stage().open(query, anna, {}))).errors;
    expect(shown?.message).toContain("Did you mean");
    const hidden = stage({ introspection: false });
    const [error] = (await refusalOf(hidden.open(query, anna, {}))).errors;
    expect(error?.message).not.toContain("Did you mean");
    expect(error).not.toHaveProperty("stack");
    const fragment = `${EVENTS} fragment F on Query { __schema { types { name } } }`;
    await refusalOf(hidden.open(fragment));
  });
});

/** A subscription that shares its results with none that has another alias. */
const withAlias = (alias: string, fields = `${alias}: body`) =>
  `subscription ($id: ID!) { conversationEvents(conversationId: $id) { cursor event { ... on MessageAdded { message { ${fields} } } } } }`;

describe("One viewer", () => {
  it("may start so many subscriptions in a minute, ended or refused ones included", async () => {
    const { open } = stage({ startsPerMinute: 3 });
    (await open()).end();
    await refusalOf(open("subscription { nothing }"));
    const { end } = await open();
    const { errors, failure } = await refusalOf(open());
    expect(errors[0]?.extensions).toMatchObject({ code: "RATE_LIMITED", policy: "subscriptions", limit: 3 });
    expect(failure?.details.retryAfter).toBeLessThanOrEqual(60);
    const other = await open(EVENTS, { ...anna, id: "ben" });
    for (const ending of [end, other.end]) ending();
    const starts = new SubscriptionStarts(1);
    starts.count("anna", 0);
    expect(() => starts.count("anna", 59_999)).toThrow(/Try again in 1 seconds/);
    starts.count("anna", 60_000);
  });

  it("may have fifty different subscriptions, and any number with the same text", async () => {
    const { feed, open } = stage();
    const all = await Promise.all(Array.from({ length: 50 }, (_, n) => open(withAlias(`a${n}`))));
    const same = await Promise.all(Array.from({ length: 100 }, () => open(withAlias("a0"))));
    for (const other of ["b", "c"]) {
      const { errors, failure } = await refusalOf(open(withAlias(other)));
      expect(errors).toMatchObject([{ extensions: { code: "RATE_LIMITED", retryAfter: 10 } }]);
      expect(failure?.message).toContain("50 different subscriptions");
    }
    expect(feed.subscribers.size).toBe(150);
    const others = [await open(withAlias("b"), { kind: "user", id: "bert" })];
    same[0]?.end();
    await refusalOf(open(withAlias("b")));
    all[1]?.end();
    others.push(await open(withAlias("b")));
    await refusalOf(open(withAlias("c")));
    feed.end(notFound("conversation"));
    await Promise.allSettled([...all, ...same, ...others].map(({ over }) => over));
    await Promise.all(Array.from({ length: 50 }, (_, n) => open(withAlias(`d${n}`))));
  });

  it("is counted by values as well, where results depend on them", async () => {
    const { open } = stage();
    const query = `subscription ($id: ID!, $a: Boolean!, $b: Boolean!, $c: Boolean!, $d: Boolean!, $e: Boolean!, $f: Boolean!) {
      conversationEvents(conversationId: $id) { cursor event { ... on MessageAdded { message {
        id a: body @include(if: $a) b: body @include(if: $b) c: body @include(if: $c)
        d: body @include(if: $d) e: body @include(if: $e) f: body @include(if: $f)
      } } } }
    }`;
    const values = (n: number) =>
      Object.fromEntries(["a", "b", "c", "d", "e", "f"].map((name, bit) => [name, ((n >> bit) & 1) === 1]));
    for (let n = 0; n < 50; n++) await open(query, anna, { id: `c${n}`, ...values(n) });
    await open(query, anna, { id: "another", ...values(49) });
    const { failure } = await refusalOf(open(query, anna, { id: "c1", ...values(50) }));
    expect(failure).toMatchObject({ code: "RATE_LIMITED" });
  });
});

describe.each(["at once", "later"])("What is executed for many, and resolves %s,", (when) => {
  it.each([
    ["many texts", (n: number) => withAlias(`a${n}`)],
    ["one text that depends on who asks", () => withAlias("a", "id body readBy")],
  ])("gives the event loop its turn in between: %s", async (_what, textOf) => {
    const { feed, schema, open } = stage();
    const order: string[] = [];
    const fields = (schema.getType("ChatMessage") as GraphQLObjectType).getFields();
    Object.assign(fields.body ?? {}, {
      resolve: ({ body }: { body: string }) => {
        order.push("body");
        for (const since = performance.now(); performance.now() - since < 2; );
        return when === "later" ? Promise.resolve(body) : body;
      },
    });
    const all = await Promise.all(
      Array.from({ length: 48 }, (_, n) => open(textOf(n), { kind: "user", id: `${n % 2}` })),
    );
    let isOver = false;
    const goRound = () => {
      order.push(".");
      if (!isOver) setImmediate(goRound);
    };
    setImmediate(goRound);
    for (const id of ["m1", "m2"]) feed.deliver("c1", message(id));
    await until(() => all.every(({ results }) => results.length === 2));
    isOver = true;
    expect(order.filter((each) => each === "body")).toHaveLength(96);
    // Each takes 2 ms at least, and a turn 5: the third begins before its end, and one more may have begun the turn.
    const runs = order
      .join("")
      .split(".")
      .map((run) => run.length / "body".length);
    expect(Math.max(...runs)).toBeLessThanOrEqual(4);
    for (const { results } of all)
      expect(
        results.map(({ data }) => (data as { conversationEvents: object }).conversationEvents),
      ).toMatchObject([{ cursor: "1" }, { cursor: "2" }]);
  });
});

it("finds once that the result of an event is too large, for all subscribers with the same text", async () => {
  const { feed, log, schema, open } = stage();
  const bodies = jest.fn(({ body }: { body: string }) => body);
  const fields = (schema.getType("ChatMessage") as GraphQLObjectType).getFields();
  Object.assign(fields.body ?? {}, { resolve: bodies });
  const query = withAlias("a", "a: body b: body c: body");
  const all = await Promise.all(
    Array.from({ length: 100 }, (_, n) => open(query, { kind: "user", id: `${n}` })),
  );
  feed.deliver("c1", message("m1", "x".repeat(400)));
  const failures = await Promise.all(all.map(({ over }) => refusalOf(over)));
  expect(new Set(failures.map(({ failure }) => failure?.code))).toEqual(new Set(["QUERY_TOO_COMPLEX"]));
  expect(bodies).toHaveBeenCalledTimes(3);
  expect(log.warn).toHaveBeenCalledTimes(1);
});

it("ends with a code when the result of one event is too large, and logs it", async () => {
  const { feed, log, open } = stage();
  const query = `subscription Events($id: ID!) { conversationEvents(conversationId: $id) {
    cursor event { __typename ... on MessageAdded { message { id a: body b: body c: body } } }
  } }`;
  const { results, over } = await open(query);
  feed.deliver("c1", message("m1", "short"));
  feed.deliver("c1", message("m2", "x".repeat(400)));
  await expect(over).rejects.toMatchObject({
    errors: [{ extensions: { code: "QUERY_TOO_COMPLEX", status: 400, limit: 1_000 } }],
  });
  expect(results).toHaveLength(1);
  expect(log.warn).toHaveBeenCalledTimes(1);
  expect(log.error).not.toHaveBeenCalled();
});
