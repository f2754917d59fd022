import { expect, it } from "@jest/globals";
import { CHANGES, MUTATIONS_WITH_FILES, TICKET_CHANGES, WITHOUT_RIGHTS } from "../support/rights-tables.js";
import { publishedSchema } from "../support/schema-operations.js";

it("says of every mutation how its rights hold until the commit, or why it needs none", () => {
  const mutations = Object.keys(publishedSchema.getMutationType()!.getFields());
  const said = [...MUTATIONS_WITH_FILES, ...CHANGES, ...TICKET_CHANGES, ...Object.keys(WITHOUT_RIGHTS)];
  expect([...said].sort()).toEqual(mutations.sort());
});
