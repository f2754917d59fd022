import { print } from "graphql";
import { createClient } from "graphql-ws";
import { WebSocket } from "ws";
import type { FollowMessagesSubscription } from "./generated/operations.js";
import { FollowMessagesDocument } from "./generated/operations.js";

export type ToldOfMessage = FollowMessagesSubscription["conversationEvents"];

export interface FollowingOptions {
  /** Asked before each connection. */
  readonly urlOf: () => string;
  readonly token: string;
  readonly conversationId: string;
}

/** Somebody who follows a conversation from its beginning on. */
export interface Following {
  /** All that came, in the order in which it came. */
  readonly told: readonly ToldOfMessage[];
  /** How often a connection was made. */
  readonly connections: number;
  /** Why it goes on no more; null while it does. */
  readonly failure: unknown;
  /** Breaks the connection without a word. @returns false when there is none */
  cut(): boolean;
  stop(): Promise<void>;
}

/** A client that comes back by itself, behind the last cursor that it has: its variables are sent anew with each connection. */
export function followMessages({ urlOf, token, conversationId }: FollowingOptions): Following {
  const told: ToldOfMessage[] = [];
  let socket: WebSocket | null = null;
  let connections = 0;
  let failure: unknown = null;
  const client = createClient({
    url: () => `${urlOf().replace("http", "ws")}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${token}` },
    retryAttempts: Number.POSITIVE_INFINITY,
    // A server that is not there is no event of closing, and is tried again all the same.
    shouldRetry: () => true,
    retryWait: () => new Promise((resolve) => setTimeout(resolve, 20)),
    on: {
      connected: (connected) => {
        socket = connected as WebSocket;
        connections += 1;
      },
      closed: () => {
        socket = null;
      },
    },
  });
  const variables = { conversationId, after: "0" };
  client.subscribe<FollowMessagesSubscription>(
    { query: print(FollowMessagesDocument), variables },
    {
      next: ({ data, errors }) => {
        if (errors || !data) failure = errors;
        else {
          told.push(data.conversationEvents);
          variables.after = data.conversationEvents.cursor;
        }
      },
      error: (error) => {
        failure = error;
      },
      complete: () => {},
    },
  );
  return {
    told,
    get connections() {
      return connections;
    },
    get failure() {
      return failure;
    },
    cut() {
      if (!socket) return false;
      socket.terminate();
      socket = null;
      return true;
    },
    stop: async () => client.dispose(),
  };
}
