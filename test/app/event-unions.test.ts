import { readFileSync } from "node:fs";
import { expect, it } from "@jest/globals";
import { buildSchema, isUnionType } from "graphql";

it("lets a client select every field of every member of a union at once", () => {
  const schema = buildSchema(readFileSync(new URL("../../schema.graphql", import.meta.url), "utf8"));
  const unions = Object.values(schema.getTypeMap()).filter(isUnionType);
  // Fields of one name have to be of one type (GraphQL §5.3.2), be it that they are never there together.
  const conflicts = unions.flatMap((union) => {
    const typesOf = new Map<string, Set<string>>();
    for (const member of union.getTypes())
      for (const { name, type } of Object.values(member.getFields()))
        typesOf.set(name, (typesOf.get(name) ?? new Set()).add(String(type)));
    return [...typesOf].flatMap(([name, types]) => (types.size > 1 ? `${union.name}: ${name}` : []));
  });
  expect(unions.length).toBeGreaterThan(0);
  expect(conflicts).toEqual([]);
});
