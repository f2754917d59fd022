import { expect, it } from "@jest/globals";
import type { GraphQLScalarType, OperationDefinitionNode } from "graphql";
import { buildSchema, parse } from "graphql";
import { createCoercion } from "../../../../src/platform/graphql/documents/coerce-variables.js";

it("the coercion of variables ends at the first wrong value", () => {
  const schema = buildSchema("scalar Odd type Query { sum(of: [Odd!]): Int }");
  let looked = 0;
  (schema.getType("Odd") as GraphQLScalarType).parseValue = (value) => {
    looked++;
    if (Number(value) % 2 === 0) throw new Error("This is even.");
    return value;
  };
  const operation = parse("query ($of: [Odd!]) { sum(of: $of) }").definitions[0] as OperationDefinitionNode;
  const coerce = createCoercion({ schema, introspection: false });
  const given = (value: number) => ({ of: Array.from({ length: 900 }, () => value) });
  expect(coerce(operation, given(1))).toEqual(given(1));
  looked = 0;
  expect(() => coerce(operation, given(2))).toThrow("This is even.");
  // One more is looked at before it is known that there are too many.
  expect(looked).toBeLessThanOrEqual(2);
});
