import { readdirSync, readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "@jest/globals";
import type { GraphQLSchema, OperationDefinitionNode } from "graphql";
import { getIntrospectionQuery, getOperationAST, Kind, OperationTypeNode, parse } from "graphql";
import { eventDocuments } from "../../../../src/app/server/event-documents.js";
import { createSchema } from "../../../../src/app/wiring/schema.js";
import { eventCost } from "../../../../src/platform/graphql/documents/cost-limit.js";
import { costOfOperation } from "../../../../src/platform/graphql/documents/operation-cost.js";

/** GRAPHQL_COST. */
const LIMIT = 5_000;

let schema: GraphQLSchema;

const FOLDER = "test/operations";
const own = parse(
  readdirSync(FOLDER)
    .map((file) => readFileSync(`${FOLDER}/${file}`, "utf8"))
    .join("\n"),
);
const operations = own.definitions.flatMap((each) =>
  each.kind === Kind.OPERATION_DEFINITION && each.name ? [[each.name.value, each] as const] : [],
);

/** Variables of an ordinary call. */
function variablesOf({ variableDefinitions = [] }: OperationDefinitionNode, first: number) {
  const values: Record<string, unknown> = { first, last: null, filter: {}, orderBy: null };
  return Object.fromEntries(
    variableDefinitions.map(({ variable: { name } }) => [
      name.value,
      name.value in values ? values[name.value] : "x",
    ]),
  );
}

const cost = (query: string, variables: Record<string, unknown> = {}) => {
  const document = parse(query);
  return costOfOperation({ schema, document, operation: getOperationAST(document)!, variables });
};

describe("what an operation costs", () => {
  beforeAll(async () => {
    schema = await createSchema();
  });

  it("of a subscription may be a part of what a query may, which lets ordinary ones pass", () => {
    const ofStreams = Object.values(eventDocuments).map((text) => cost(text));
    const followed = operations.flatMap(([, operation]) =>
      operation.operation === OperationTypeNode.SUBSCRIPTION
        ? [costOfOperation({ schema, document: own, operation, variables: {} })]
        : [],
    );
    expect(Math.max(...ofStreams, ...followed)).toBeLessThan(eventCost(LIMIT) / 2);
    expect(Math.max(...ofStreams)).toBeLessThan(eventCost(1_000));
  });

  it("bounds how often a long text is asked for of one event", () => {
    const bodies = Array.from({ length: 48 }, (_, n) => `b${n}: body`).join(" ");
    expect(
      cost(
        `subscription ($c: ID!) { conversationEvents(conversationId: $c) { event { ... on MessageAdded { message { ${bodies} } } } } }`,
      ),
    ).toBeGreaterThan(eventCost(LIMIT));
  });

  it.each(operations)("lets an ordinary one pass: %s", (_name, operation) => {
    const variables = variablesOf(operation, 20);
    expect(costOfOperation({ schema, document: own, operation, variables })).toBeLessThan(LIMIT);
  });

  it.each(["MediaFiles", "TicketPosts", "TicketListPage", "Conversation", "FacesOfTickets"])(
    "lets a page of a hundred with what hangs on them pass: %s",
    (wanted) => {
      const [, operation] = operations.find(([name]) => name === wanted)!;
      const variables = variablesOf(operation, 100);
      expect(costOfOperation({ schema, document: own, operation, variables })).toBeLessThan(LIMIT);
    },
  );

  it("lets the schema be asked for, and not ten times", () => {
    expect(cost(getIntrospectionQuery())).toBeLessThan(LIMIT / 2);
    const whole = "types { fields { args { type { ofType { ofType { name } } } } } }";
    const many = Array.from({ length: 50 }, (_, n) => `s${n}: __schema { ${whole.repeat(2)} }`).join(" ");
    expect(cost(`{ ${many} }`)).toBeGreaterThan(LIMIT);
    const wide = Array.from({ length: 50 }, (_, n) => `t${n}: fields { name args { name type { name } } }`);
    expect(cost(`{ __schema { types { ${wide.join(" ")} ${wide.join(" ")} } } }`)).toBeGreaterThan(LIMIT / 2);
  });

  it("of a long text is more than of a short one", () => {
    const page = (field: string) => cost(`{ tickets(first: 100) { nodes { ${field} } } }`);
    expect(page("description")).toBeGreaterThan(page("subject") + 90);
  });

  it("bounds how often a long text is asked for of one ticket", () => {
    const aliases = (count: number) =>
      Array.from({ length: count }, (_, n) => `a${n}: description`).join(" ");
    expect(cost(`{ ticket(id: "x") { ${aliases(1_500)} } }`)).toBeGreaterThan(LIMIT);
    expect(cost(`{ tickets(first: 100) { nodes { ${aliases(10)} } } }`)).toBeGreaterThan(LIMIT);
  });

  it.each([
    ["in a filter", '{ filter: { search: "x" } }', (n: number) => `t${n}: tickets(filter: { search: "x" })`],
    ["of companies", "", (n: number) => `t${n}: companies(search: "x")`],
  ])("refuses a dozen searches %s, and lets one be counted", (_where, _args, field) => {
    const ask = (count: number) =>
      cost(`{ ${Array.from({ length: count }, (_, n) => `${field(n)} { totalCount }`).join(" ")} }`);
    expect(ask(1)).toBeLessThan(LIMIT / 5);
    expect(ask(12)).toBeGreaterThan(LIMIT);
  });

  it("finds a search in variables as well", () => {
    const query =
      "query ($f: TicketFilter, $s: String) { tickets(filter: $f) { totalCount } companies(search: $s) { totalCount } }";
    expect(cost(query, { f: { search: "x" }, s: "x" })).toBe(cost(query, { f: {}, s: null }) + 800);
  });

  it("refuses two hundred counts, searching or not", () => {
    const counts = Array.from({ length: 200 }, (_, n) => `t${n}: tickets { totalCount }`).join(" ");
    expect(cost(`{ ${counts} }`)).toBeGreaterThan(LIMIT);
  });
});
