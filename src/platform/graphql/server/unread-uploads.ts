import type { ApolloServerPlugin } from "@apollo/server";
import type { RequestContext } from "../context.js";

const BAD_REQUEST = 400;

/**
 * Gives a response that is sent before the whole upload has been received the status of its first error. With the usual
 * 200, Chromium would not pass it on to the page, because it could not send the whole request (decision 41).
 */
export const unreadUploads: ApolloServerPlugin<Pick<RequestContext<unknown>, "readRest">> = {
  requestDidStart: async () => ({
    willSendResponse: async ({ response: { body, http }, contextValue: { readRest } }) => {
      if (readRest === undefined || (await readRest()) || body.kind !== "single") return;
      const [first] = body.singleResult.errors ?? [];
      if (first === undefined || isError(http.status)) return;
      const status = first.extensions?.status;
      http.status = isError(status) ? status : BAD_REQUEST;
    },
  }),
};

const isError = (status: unknown): status is number => typeof status === "number" && status >= BAD_REQUEST;
