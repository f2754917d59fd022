import { ApolloClient, ApolloLink } from "@apollo/client";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { createClient as createSocketClient } from "graphql-ws";
import { tap } from "rxjs";
import { WebSocket } from "ws";
import type {
  ConversationQuery,
  FollowConversationSubscription,
  FollowConversationSubscriptionVariables,
} from "./generated/operations.js";
import { ConversationDocument, FollowConversationDocument } from "./generated/operations.js";
import { createCache, createUploadLink } from "./test-client.js";

// Apollo Client looks for it under its name; Node 20 has none.
Object.assign(globalThis, { WebSocket });

export type ToldEdge = FollowConversationSubscription["conversationEvents"];

/** An app that shows a conversation: queries and mutations go over HTTP, subscriptions over a websocket. */
export interface Screen {
  readonly client: ApolloClient;
  /** What came of the log, in the order in which it came. */
  readonly told: readonly ToldEdge[];
  /** What came of typing and presence. */
  readonly signals: readonly ToldEdge["event"][];
  /** How its subscription has ended; null while it lasts. */
  readonly failure: unknown;
  /** How often a connection was made, and the codes with which connections were closed. */
  readonly connections: number;
  readonly closings: readonly number[];
  /** Reads the conversation, and follows what comes after that when it is told to. */
  open(conversationId: string): Promise<{ follow(options?: { presence?: boolean }): void }>;
  /** What is in the cache, unasked. */
  shown(conversationId: string): NonNullable<ConversationQuery["conversation"]>;
  /** Breaks the connection without a word. */
  cut(): void;
  close(): void;
}

const PAGE = { last: 20 };

/** @param tokenOf asked before each connection; what it gives first goes with requests over HTTP */
export function openScreen(url: string, tokenOf: () => string): Screen {
  const told: ToldEdge[] = [];
  const signals: ToldEdge["event"][] = [];
  const closings: number[] = [];
  let [connections, failure]: [number, unknown] = [0, null];
  let socket: WebSocket | null = null;
  const socketClient = createSocketClient({
    url: `${url.replace("http", "ws")}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: () => ({ authorization: `Bearer ${tokenOf()}` }),
    shouldRetry: () => true,
    retryWait: async () => {},
    on: {
      connected: (connected) => {
        socket = connected as WebSocket;
        connections += 1;
      },
      closed: (event) => closings.push((event as { code: number }).code),
    },
  });
  const client = new ApolloClient({
    cache: createCache(),
    link: ApolloLink.split(
      ({ operationType }) => operationType === "subscription",
      resume.concat(new GraphQLWsLink(socketClient)),
      createUploadLink(url, tokenOf()),
    ),
  });
  const follow = (variables: FollowConversationSubscriptionVariables) =>
    client.subscribe({ query: FollowConversationDocument, variables }).subscribe({
      next: ({ data, error }) => {
        if (error) failure = error;
        else if (data) {
          const { event } = data.conversationEvents;
          if (isSignal(event)) signals.push(event);
          else told.push(data.conversationEvents);
        }
      },
      error: (error) => {
        failure = error;
      },
    });
  return {
    client,
    told,
    signals,
    closings,
    get failure() {
      return failure;
    },
    get connections() {
      return connections;
    },
    async open(id) {
      const { data } = await client.query({ query: ConversationDocument, variables: { id, ...PAGE } });
      const { eventCursor: after } = data!.conversation!;
      return { follow: ({ presence = false } = {}) => void follow({ conversationId: id, after, presence }) };
    },
    shown: (id) =>
      client.readQuery({ query: ConversationDocument, variables: { id, ...PAGE } })!.conversation!,
    cut: () => socket?.terminate(),
    close() {
      client.stop();
      void socketClient.dispose();
    },
  };
}

/**
 * The client of websockets subscribes anew by itself, with the variables that it was given: they are brought up to date
 * with each event, so that it goes on behind the last one.
 */
const resume = new ApolloLink((operation, forward) =>
  forward(operation).pipe(
    tap(({ data }) => {
      const cursor = (data as FollowConversationSubscription | null | undefined)?.conversationEvents?.cursor;
      if (cursor !== undefined) operation.variables.after = cursor;
    }),
  ),
);

const isSignal = ({ __typename }: ToldEdge["event"]) =>
  __typename === "TypingStarted" || __typename === "PresenceChanged";
