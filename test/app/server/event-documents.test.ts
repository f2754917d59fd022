import { beforeAll, describe, expect, it } from "@jest/globals";
import type {
  DocumentNode,
  GraphQLObjectType,
  GraphQLSchema,
  GraphQLUnionType,
  OperationDefinitionNode,
  SelectionNode,
} from "graphql";
import { getNamedType, getOperationAST, isUnionType, parse, print, validate } from "graphql";
import { eventDocuments } from "../../../src/app/server/event-documents.js";
import { createChannels } from "../../../src/app/wiring/channels.js";
import { createSchema } from "../../../src/app/wiring/schema.js";
import { costOfOperation } from "../../../src/platform/graphql/documents/operation-cost.js";
import { readDocument } from "../../../src/platform/graphql/documents/read-document.js";

let schema: GraphQLSchema;

const documents = Object.entries(eventDocuments).map(([kind, text]) => [kind, parse(text)] as const);

const operationOf = (document: DocumentNode): OperationDefinitionNode => getOperationAST(document)!;

/** The selection in a field of this response name. */
function within(selections: readonly SelectionNode[], name: string): readonly SelectionNode[] {
  for (const one of selections)
    if (one.kind === "Field" && (one.alias ?? one.name).value === name)
      return one.selectionSet?.selections ?? [];
  throw new Error(`${name} is not selected`);
}

/** The union of a document's events. */
function unionOf(document: DocumentNode): GraphQLUnionType {
  const [field] = operationOf(document).selectionSet.selections;
  if (field?.kind !== "Field") throw new Error("the document selects no field");
  const edge = schema.getSubscriptionType()?.getFields()[field.name.value];
  const event = (getNamedType(edge!.type) as GraphQLObjectType).getFields().event;
  const union = getNamedType(event!.type);
  if (!isUnionType(union)) throw new Error(`${union} is no union`);
  return union;
}

describe("The documents of the event streams", () => {
  beforeAll(async () => {
    schema = await createSchema();
  });

  it("exist for every kind of topic that can be subscribed to", () => {
    const kinds = createChannels({ db: null as never, clock: () => new Date() }).map(({ kind }) => kind);
    expect(Object.keys(eventDocuments).sort()).toEqual(kinds.sort());
  });

  it("cover every subscription of the schema", () => {
    const names = documents.map(([, document]) => {
      const [field] = operationOf(document).selectionSet.selections;
      return field?.kind === "Field" ? field.name.value : null;
    });
    expect(names.sort()).toEqual(Object.keys(schema.getSubscriptionType()!.getFields()).sort());
  });

  it.each(documents)("fit the schema and its limits: %s", (_kind, document) => {
    expect(validate(schema, document)).toEqual([]);
    expect(() => readDocument(print(document), 12)).not.toThrow();
    const operation = operationOf(document);
    const variables = { id: "1", after: null };
    expect(costOfOperation({ schema, document, operation, variables })).toBeLessThan(2_000);
  });

  it.each(documents)("select fields of every kind of event: %s", (_kind, document) => {
    const { selections } = operationOf(document).selectionSet;
    const event = within(within(selections, "delivery"), "event");
    const selected = event.flatMap((one) =>
      one.kind === "InlineFragment" && one.selectionSet.selections.length > 0
        ? [one.typeCondition?.name.value]
        : [],
    );
    expect(selected.sort()).toEqual(
      unionOf(document)
        .getTypes()
        .map(({ name }) => name)
        .sort(),
    );
  });
});
