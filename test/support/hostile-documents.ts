import { print } from "graphql";
import * as operations from "./generated/operations.js";

/** One GraphQL request as a client might send it, its body as text. */
export interface HostileRequest {
  /** The way in which it is bent. */
  readonly kind: string;
  readonly body: string;
}

/** Ids that exist, so that what is bent reaches further than the look-up. */
export interface KnownIds {
  readonly companyId: string;
  readonly ticketId: string;
  readonly conversationId: string;
}

type Random = () => number;
type Bend = (random: Random, ids: KnownIds) => unknown;

const between = (random: Random, low: number, high: number) => low + Math.floor(random() * (high - low + 1));
const oneOf = <Value>(random: Random, values: readonly Value[]): Value =>
  values[Math.floor(random() * values.length)]!;
const times = (count: number, make: (n: number) => string) =>
  Array.from({ length: count }, (_, n) => make(n)).join(" ");
/** Mostly small, seldom up to `most`: what is large costs whoever sends it as well. */
const size = (random: Random, most: number) => Math.max(1, Math.floor(most * random() ** 4));

/** Every operation of the tests: what honest clients send. */
const HONEST: readonly string[] = Object.values(operations)
  .filter((value) => typeof value === "object" && "definitions" in value)
  .filter(({ definitions }) => definitions.some(({ kind }) => kind === "OperationDefinition"))
  .map((document) => print(document));

const WRONG: readonly ((random: Random) => unknown)[] = [
  () => 1.5,
  () => 1e308,
  () => -1,
  () => true,
  () => null,
  () => "",
  () => "not an id",
  () => "\u0000",
  () => "\ud800",
  () => "‮ever",
  () => ({}),
  () => ({ __proto__: null, constructor: { prototype: {} } }),
  () => [],
  (random) => "x".repeat(size(random, 200_000)),
  (random) => Array.from({ length: size(random, 30_000) }, (_, n) => n),
  (random) => Array.from({ length: size(random, 10_000) }, () => ({ a: 1 })),
  (random) => Object.fromEntries(Array.from({ length: size(random, 10_000) }, (_, n) => [`k${n}`, n])),
  (random) => nested(between(random, 1, 3_000)),
];

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let n = 0; n < depth; n++) value = n % 2 === 0 ? [value] : { a: value };
  return value;
}

const CONDITION = [
  "",
  "@include(if: false)",
  "@skip(if: true)",
  "@include(if: true)",
  "@include(if: $never)",
];

/** A tree of fragments that is written out exponentially. */
const fragmentBomb: Bend = (random) => {
  const depth = between(random, 3, 45);
  const fan = between(random, 2, 4);
  const chain = Array.from(
    { length: depth },
    (_, n) => `fragment f${n} on Query { ${times(fan, () => `...f${n + 1}`)} }`,
  );
  const root = oneOf(random, [
    `{ ...f0 }`,
    `query Q($never: Boolean = false) { __typename ...f0 ${oneOf(random, CONDITION)} }`,
    `{ __typename ... on Query ${oneOf(random, CONDITION.slice(0, 4))} { ...f0 } }`,
  ]);
  return { query: `${root} ${chain.join(" ")} fragment f${depth} on Query { viewer { id: __typename } }` };
};

const fragmentBombInside: Bend = (random) => {
  const depth = between(random, 3, 45);
  const chain = Array.from(
    { length: depth },
    (_, n) => `fragment f${n} on Viewer { ...f${n + 1} ...f${n + 1} }`,
  );
  return {
    query: `{ __typename viewer ${oneOf(random, CONDITION.slice(0, 4))} { ...f0 } } ${chain.join(" ")} fragment f${depth} on Viewer { __typename }`,
  };
};

const circles: Bend = (random) => {
  const count = between(random, 1, 200);
  // Some go round without a field between them, some through fields.
  const [open, close] = oneOf(random, [
    ["", ""],
    ["viewer { ", " }"],
    ["... on Query { viewer { ... on Query { ", " } } }"],
  ] as const);
  const spread = (n: number) => `${open}...f${n % count}${close}`;
  const ring = times(count, (n) => `fragment f${n} on Query { ${spread(n + 1)} ${spread(n * 7)} }`);
  return { query: `{ ...f0 } ${ring}` };
};

const comments: Bend = (random) => ({
  query: `${"#\n".repeat(size(random, 450_000))}{ __typename }${`#${"x".repeat(size(random, 100_000))}`}`,
});

const aliases: Bend = (random, { ticketId, companyId }) => {
  const field = oneOf(random, [
    "__typename",
    "viewer { __typename }",
    `ticket(id: "${ticketId}") { description }`,
    `tickets(first: 0, filter: { search: "e" }) { totalCount }`,
    `companies(search: "a") { totalCount }`,
    `storageReport(companyId: "${companyId}") { __typename }`,
    `mediaFiles(companyId: "${companyId}") { totalCount }`,
    "__schema { types { fields { type { name } } } }",
    'companyBranding(slug: "acme") { name }',
  ]);
  return { query: `{ ${times(size(random, 4_000), (n) => `a${n}: ${field}`)} }` };
};

const aliasesOfLeaves: Bend = (random, { ticketId }) => ({
  query: `{ ticket(id: "${ticketId}") { ${times(size(random, 4_000), (n) => `a${n}: ${oneOf(random, ["description", "subject", "id", "url: id"])}`)} } }`,
});

const conflicts: Bend = (random) => ({
  query: `{ viewer { ${times(size(random, 2_000), (n) => `user { a${n % 7}: ${n % 2 ? "id" : "name"} }`)} } }`,
});

const deep: Bend = (random, { ticketId }) => {
  const depth = between(random, 1, 4_000);
  return oneOf(random, [
    () => ({ query: `${"{ viewer ".repeat(depth)}${"}".repeat(depth)}` }),
    () => ({ query: "{".repeat(depth) }),
    () => ({ query: `{ ticket(id: ${"[".repeat(depth)}1${"]".repeat(depth)}) { id } }` }),
    () => ({ query: `{ tickets(filter: ${"{ a: ".repeat(depth)}1${"}".repeat(depth)}) { nodes { id } } }` }),
    () => ({ query: `query Q($v: ${"[".repeat(depth)}ID${"]".repeat(depth)}) { ticket(id: $v) { id } }` }),
    () => ({
      query: "query Q($f: TicketFilter) { tickets(filter: $f) { nodes { id } } }",
      variables: { f: nested(depth) },
    }),
    () => ({
      query: `{ ticket(id: "${ticketId}") { ${"ticket: attachments { nodes { ticket { ".repeat(depth % 400)} id ${"} } }".repeat(depth % 400)} } }`,
    }),
  ])();
};

const introspection: Bend = (random) => ({
  query: `{ ${times(between(random, 1, 30), (n) => `s${n}: __schema { types { ${"fields { type { ".repeat(between(random, 1, 6))} name ${"} }".repeat(6)} } }`)} }`,
});

const wrongVariables: Bend = (random, { ticketId, companyId }) => {
  const wrong = oneOf(random, WRONG)(random);
  const other = oneOf(random, WRONG)(random);
  return oneOf(random, [
    { query: "query Q($id: ID!) { ticket(id: $id) { id } }", variables: { id: wrong } },
    {
      query: "query Q($first: Int) { tickets(first: $first) { nodes { id } } }",
      variables: { first: wrong },
    },
    { query: "query Q($f: TicketFilter) { tickets(filter: $f) { totalCount } }", variables: { f: wrong } },
    {
      query: "query Q($f: TicketFilter) { tickets(filter: $f) { totalCount } }",
      variables: { f: { status: wrong, priority: other, search: other, companyId } },
    },
    {
      query: "mutation M($i: CreateTicketInput!) { createTicket(input: $i) { id } }",
      variables: { i: wrong },
    },
    {
      query: "mutation M($i: CreateTicketInput!) { createTicket(input: $i) { id } }",
      variables: {
        i: { companyId: "nowhere", subject: wrong, description: other, participantIds: wrong, files: other },
      },
    },
    {
      query: "mutation M($i: ReorderPhotoSeriesInput!) { reorderPhotoSeries(input: $i) { id } }",
      variables: { i: { seriesId: ticketId, mediaFileIds: wrong } },
    },
    { query: "query Q($a: [[[Int!]!]!], $b: Nothing) { __typename }", variables: { a: wrong, b: other } },
    { query: "query Q($id: ID = 1) { ticket(id: $id) { id } }", variables: wrong },
  ]);
};

const brokenEnvelope: Bend = (random) => {
  const wrong = oneOf(random, WRONG)(random);
  return oneOf(random, [
    { query: wrong },
    { query: "{ __typename }", operationName: wrong },
    { query: "{ __typename }", extensions: wrong },
    { query: "{ __typename }", extensions: { persistedQuery: wrong } },
    { extensions: { persistedQuery: { version: 1, sha256Hash: "0".repeat(size(random, 10_000)) } } },
    [{ query: "{ __typename }" }, { query: "{ __typename }" }],
    wrong,
    { query: "query A { __typename } query B { __typename }" },
    { query: "query A { __typename } query A { __typename }", operationName: "A" },
    { query: "subscription S { __typename @skip(if: true) }" },
    { query: "{ __typename @deprecated @nothing(a: 1) @include(if: 3) }" },
  ]);
};

/** An honest operation with some of its tokens left out, doubled, exchanged or invented. */
const mutilated: Bend = (random, ids) => {
  const tokens = oneOf(random, HONEST).split(/(\s+|[{}()[\]:!$@,])/);
  for (let n = between(random, 1, 8); n > 0; n--) {
    const at = Math.floor(random() * tokens.length);
    const other = Math.floor(random() * tokens.length);
    oneOf(random, [
      () => tokens.splice(at, 1),
      () => tokens.splice(at, 0, tokens[other] ?? ""),
      () => tokens.splice(at, 1, tokens[other] ?? ""),
      () =>
        tokens.splice(
          at,
          0,
          oneOf(random, ["{", "}", "...", '"""', "\u0000", "💥", "@skip(if: $x)", "-0x1", '"\\ud800"']),
        ),
      () => tokens.splice(at),
    ])();
  }
  const variables = {
    id: ids.ticketId,
    input: oneOf(random, WRONG)(random),
    first: between(random, -5, 5_000),
  };
  return { query: tokens.join(""), variables };
};

/** Documents and lists that no other request has: whatever is kept of each is kept in vain. */
const unheardOf: Bend = (random, { companyId }) => {
  const name = `q${Math.floor(random() * 1e12)}`;
  const statuses = ["OPEN", "PENDING", "RESOLVED", "CLOSED"].filter(() => random() < 0.5);
  const filter = [
    random() < 0.5 && `companyId: "${companyId}"`,
    random() < 0.5 && `search: "${name}"`,
    statuses.length > 0 && `status: [${statuses.join(" ")}]`,
    random() < 0.5 && "isDeleted: true",
  ].filter(Boolean);
  const orderBy =
    random() < 0.5
      ? `, orderBy: { field: ${oneOf(random, ["CREATED_AT", "UPDATED_AT", "PRIORITY", "NUMBER"])} }`
      : "";
  return {
    query: `query ${name} { ${name}: tickets(first: ${between(random, 0, 20)}, filter: { ${filter.join(", ")} }${orderBy}) { nodes { id ${name}: subject } ${random() < 0.3 ? "totalCount" : ""} } }`,
  };
};

const manyDefinitions: Bend = (random) =>
  oneOf(random, [
    () => ({ query: times(size(random, 3_000), (n) => `query q${n} { __typename }`), operationName: "q0" }),
    () => ({
      query: `query Q(${times(size(random, 2_000), (n) => `$v${n}: Int`)}) { __typename }`,
      variables: {},
    }),
    () => ({ query: `{ __typename ${times(size(random, 1_000), (n) => `@d${n}`)} }` }),
    () => ({ query: `{ __typename ${times(size(random, 1_000), () => "@skip(if: false)")} }` }),
    () => ({ query: `{ ticket(${times(size(random, 2_000), (n) => `a${n}: 1`)} id: "1") { id } }` }),
    () => ({ query: times(size(random, 2_000), (n) => `fragment f${n} on Query { __typename }`) }),
    () => ({ query: `{ ${times(size(random, 1_000), (n) => `nothing${n}`)} }` }),
  ])();

const cursors: Bend = (random, { ticketId }) => ({
  query: `{ tickets(first: ${between(random, -3, 200)}, after: ${JSON.stringify(oneOf(random, ["", "x", "e30", "\u0000", "A".repeat(size(random, 100_000))]))}) { nodes { id replies(first: 100, last: 3) { nodes { id } } } } ticket(id: "${ticketId}") { attachments(last: ${between(random, -1, 500)}) { nodes { url } } } }`,
});

const subscriptions: Bend = (random, { conversationId, ticketId }) => {
  const depth = between(random, 1, 45);
  const chain = times(depth, (n) => `fragment f${n} on ConversationEventEdge { ...f${n + 1} ...f${n + 1} }`);
  return oneOf(random, [
    {
      query: `subscription { conversationEvents(conversationId: "${conversationId}") { cursor ...f0 ${oneOf(random, CONDITION.slice(0, 4))} } } ${chain} fragment f${depth} on ConversationEventEdge { cursor }`,
    },
    {
      query: `subscription S($id: ID!) { conversationEvents(conversationId: $id) { ${times(size(random, 3_000), (n) => `a${n}: cursor`)} } }`,
      variables: { id: oneOf(random, WRONG)(random) },
    },
    {
      query: `${"#\n".repeat(size(random, 300_000))}subscription { ticketEvents(ticketId: "${ticketId}") { cursor } }`,
    },
    {
      query: `subscription q${Math.floor(random() * 1e9)} { ticketEvents(ticketId: "${ticketId}", after: "-1") { cursor } }`,
    },
  ]);
};

const BENDS: Readonly<Record<string, Bend>> = {
  fragmentBomb,
  fragmentBombInside,
  circles,
  comments,
  aliases,
  aliasesOfLeaves,
  conflicts,
  deep,
  introspection,
  wrongVariables,
  brokenEnvelope,
  mutilated,
  unheardOf,
  manyDefinitions,
  cursors,
  subscriptions,
};

/** A request that is bent in one of the ways above; the same random numbers make the same request. */
export function hostileRequest(random: Random, ids: KnownIds): HostileRequest {
  const kind = oneOf(random, Object.keys(BENDS));
  return { kind, body: JSON.stringify(BENDS[kind]!(random, ids)) };
}
