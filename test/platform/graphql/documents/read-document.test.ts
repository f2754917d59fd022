import { describe, expect, it } from "@jest/globals";
import { buildSchema, specifiedRules, validate } from "graphql";
import { readDocument, validationOptions } from "../../../../src/platform/graphql/documents/read-document.js";
import { leastCost } from "../../../support/processor-cost.js";

const schema = buildSchema("type Query { a(b: [ID]): Query c: ID }");
const times = (count: number, item: (n: number) => string) =>
  Array.from({ length: count }, (_, n) => item(n)).join(" ");

function readAndValidate(text: string): void {
  const { document } = readDocument(text, 12);
  validate(schema, document, specifiedRules, validationOptions(false));
}

/** In units of `leastCost`: each of these costs 4 or less; without bounds it was thirteen times as much. */
const MOST = 20;

const spreads = (count: number) => times(count, (n) => `...f${n}`);
const fragments = (count: number, fields: number) =>
  times(count, (n) => `fragment f${n} on Query { ${times(fields, (m) => `x${n}_${m}`)} }`);

describe("Validation of a document that is read", () => {
  it.each([
    ["a page of sixty fragments", `{ a { ${spreads(60)} } } ${fragments(60, 10)}`],
    ["a hundred fragments in one set", `{ ${spreads(100)} } ${fragments(100, 12)}`],
    ["two hundred spreads of nothing", `{ ${spreads(199)} }`],
    [
      "a chain of fragments",
      `{ ...f0 } ${times(90, (n) => `fragment f${n} on Query { ...f${n + 1} }`)} fragment f90 on Query { c }`,
    ],
    ["one field again and again", `{ ${"c ".repeat(140)} }`],
    ["as many fields as there may be", `{ ${times(1_900, (n) => `x${n}`)} }`],
    ["a list of variables", `query ($v: ID) { a(b: [${"$v ".repeat(2_400)}]) { c } }`],
    [
      "forty operations with a list of variables",
      `${times(40, (n) => `query Q${n}($v: ID) { ...f }`)} fragment f on Query { a(b: [${"$v ".repeat(1_100)}]) { c } }`,
    ],
  ])("takes a bounded time: %s", async (_what, text) => {
    expect(await leastCost(() => readAndValidate(text), MOST)).toBeLessThan(MOST);
  });
});
