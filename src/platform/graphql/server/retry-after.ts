import type { ApolloServerPlugin, BaseContext } from "@apollo/server";

/** Sends the longest `retryAfter` of the errors of a response as `Retry-After`, for clients that read headers. */
export const sendRetryAfter: ApolloServerPlugin<BaseContext> = {
  requestDidStart: async () => ({
    willSendResponse: async ({ response: { body, http } }) => {
      const errors = body.kind === "single" ? (body.singleResult.errors ?? []) : [];
      const seconds = errors.map(({ extensions }) => extensions?.retryAfter).filter(isNumber);
      if (seconds.length > 0) http.headers.set("retry-after", String(Math.ceil(Math.max(...seconds))));
    },
  }),
};

const isNumber = (value: unknown): value is number => typeof value === "number";
