import { describe, expect, it } from "@jest/globals";
import { buildSchema } from "graphql";
import {
  invalidOperations,
  listOperations,
  parseManifest,
} from "../../../../src/platform/graphql/documents/operation-manifest.js";

const FORMAT = { format: "apollo-persisted-query-manifest", version: 1 };
const manifest = (operations: unknown, head: object = FORMAT) => JSON.stringify({ ...head, operations });
const operation = (body: string, id = "a") => ({ id, name: "Named", type: "query", body });

describe("a manifest of operations", () => {
  it("is read as Apollo's tool writes it", () => {
    const list = listOperations(parseManifest(manifest([operation("{ a }"), operation("{ b }", "b")])));
    expect([...list]).toEqual([
      ["a", "{ a }"],
      ["b", "{ b }"],
    ]);
    // Two versions of an app have most of their operations in common.
    expect(listOperations([operation("{ a }"), operation("{ a }")]).size).toBe(1);
  });

  it.each([
    ["no JSON", "{", /^it is not JSON \(/],
    [
      "null",
      "null",
      /^its `format` is undefined, version undefined, where "apollo-persisted-query-manifest"/,
    ],
    ["another format", manifest([], { format: "relay", version: 1 }), /`format` is "relay", version 1/],
    ["another version", manifest([], { ...FORMAT, version: 2 }), /version 2, where/],
    ["no list", manifest({}), /^its `operations` are not a list/],
    [
      "an operation without an id",
      manifest([operation("{ a }"), { body: "{ a }" }]),
      /^operation 2 has no `id`/,
    ],
    ["one without a text", manifest([{ id: "a", name: "Named" }]), /^operation 1 \(Named\) has no `body`/],
    ["null for an operation", manifest([null]), /^operation 1 has no `id`/],
  ])("is refused if it has %s", (_what, text, message) => {
    expect(() => parseManifest(text)).toThrow(message);
  });

  it("is refused if two operations have one id", () => {
    expect(() => listOperations([operation("{ a }"), operation("{ b }")])).toThrow(
      "two different operations have the id a",
    );
  });

  it("has its operations checked against the schema and the limits, each by its name", () => {
    const schema = buildSchema("type Query { a: Query b: Int }");
    const rules = { schema, introspection: false, maxDepth: 2 };
    const texts = ["{ a { b } }", "{ c }", "{ a {", "{ a { a { b } } }", "{ __schema { description } }"];
    const found = invalidOperations(
      texts.map((text, n) => ({ id: `${n}`, name: `Op${n}`, body: text })),
      rules,
    );
    expect(found.map(({ name, reason }) => `${name}: ${reason}`)).toEqual([
      'Op1: Cannot query field "c" on type "Query". Did you mean "a" or "b"?',
      "Op2: Syntax Error: Expected Name, found <EOF>.",
      "Op3: This operation nests deeper than 2 levels.",
      expect.stringMatching(/^Op4: GraphQL introspection has been disabled/),
    ]);
  });
});
