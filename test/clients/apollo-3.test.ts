import { gql, InMemoryCache } from "@apollo/client-3/core/index.js";
import { expect, it } from "@jest/globals";
import { forgetChanged } from "../../clients/apollo/forget-changed.js";
import generated from "../../clients/apollo/possible-types.js";
import { typePolicies } from "../../clients/apollo/type-policies.js";

const QUERY = gql`query ($after: String) {
  tickets(first: 2, after: $after) { nodes { id requester { name } } pageInfo { endCursor hasNextPage } }
}`;

const page = (names: readonly string[], endCursor: string | null) => ({
  tickets: {
    __typename: "TicketConnection",
    nodes: names.map((name) => ({
      __typename: "Ticket",
      id: name,
      requester: { __typename: "User", id: name, name },
    })),
    pageInfo: { __typename: "PageInfo", endCursor, hasNextPage: endCursor !== null },
  },
});

it("the files for Apollo Client 4 work with version 3 as well", () => {
  const cache = new InMemoryCache({
    possibleTypes: generated.possibleTypes,
    typePolicies: typePolicies as never,
  });
  cache.writeQuery({ query: QUERY, data: page(["a", "b"], "behind b") });
  cache.writeQuery({ query: QUERY, variables: { after: "behind b" }, data: page(["c"], null) });
  const shown = cache.readQuery<ReturnType<typeof page>>({ query: QUERY });
  expect(shown!.tickets.nodes.map(({ id }) => id)).toEqual(["a", "b", "c"]);
  expect(shown!.tickets.pageInfo.hasNextPage).toBe(false);
  forgetChanged(cache, { data: { createTicket: { __typename: "Ticket", id: "d" } } });
  expect(cache.readQuery({ query: QUERY })).toBeNull();
});
