import type { ApolloServerPlugin, BaseContext } from "@apollo/server";
import type { FindOperation } from "../documents/persisted-operations.js";

/** Replaces what a request names by the text of the operation, before Apollo Server looks at either. */
export const persistedOperationsOnly = (find: FindOperation): ApolloServerPlugin<BaseContext> => ({
  async requestDidStart({ request }) {
    const text = find(request);
    // Apollo Server refuses a request without any.
    if (text === undefined) return;
    request.query = text;
    // Apollo Server would compare an id with the hash of the text.
    const { persistedQuery: _, ...others } = request.extensions ?? {};
    request.extensions = others;
  },
});
