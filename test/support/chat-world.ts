import type {
  ConversationQuery,
  InviteGuestMutation,
  SaidMessageFragment,
  SendMessageInput,
  StartConversationInput,
} from "./generated/operations.js";
import {
  ConversationDocument,
  InviteGuestDocument,
  JoinAsGuestDocument,
  SendMessageDocument,
  StartConversationDocument,
} from "./generated/operations.js";
import { createClient } from "./test-client.js";
import type { SignedIn, TestServerOptions } from "./test-server.js";
import type { TicketWorld } from "./ticket-world.js";
import { startTicketWorld } from "./ticket-world.js";

/** Whoever speaks in a conversation. */
export type Speaker = Pick<SignedIn, "id" | "token" | "client">;

export interface ChatWorld extends TicketWorld {
  /** By the agent. */
  start(input: Partial<StartConversationInput> & Pick<StartConversationInput, "companyId">): Promise<string>;
  invite(conversationId: string, displayName?: string): Promise<InviteGuestMutation["inviteGuest"]>;
  /** Somebody who was invited, and has come. */
  guestIn(conversationId: string, displayName?: string): Promise<Speaker>;
  join(token: string): Promise<Speaker>;
  say(
    by: Speaker,
    conversationId: string,
    said: string | Omit<SendMessageInput, "conversationId">,
  ): Promise<SaidMessageFragment>;
  read(by: Speaker, id: string, page?: object): Promise<NonNullable<ConversationQuery["conversation"]>>;
  /** The log of a conversation: types and payloads, in their order. */
  log(conversationId: string): Promise<{ sequence: number; type: string; payload: Record<string, string> }[]>;
}

export async function startChatWorld(options?: TestServerOptions): Promise<ChatWorld> {
  const world = await startTicketWorld(options);
  const { server, people } = world;
  const join = async (token: string): Promise<Speaker> => {
    const { data } = await server.gql(JoinAsGuestDocument, { token });
    const { accessToken, guest } = data!.joinAsGuest;
    return { id: guest.id, token: accessToken, client: createClient(server.url, accessToken) };
  };
  const invite: ChatWorld["invite"] = async (conversationId, displayName = "Room 204") => {
    const variables = { input: { conversationId, displayName } };
    return (await server.gql(InviteGuestDocument, variables, people.agent.token)).data!.inviteGuest;
  };
  return {
    ...world,
    invite,
    join,
    guestIn: async (conversationId, displayName) => join((await invite(conversationId, displayName)).token),
    async start(input) {
      const { data } = await server.gql(StartConversationDocument, { input }, people.agent.token);
      return data!.startConversation.id;
    },
    async say({ client }, conversationId, said) {
      const input = { conversationId, ...(typeof said === "string" ? { body: said } : said) };
      return (await client.mutate({ mutation: SendMessageDocument, variables: { input } })).data!.sendMessage;
    },
    async read({ token }, id, page = {}) {
      return (await server.gql(ConversationDocument, { id, ...page }, token)).data!.conversation!;
    },
    log: async (conversationId) =>
      server.database.sql`select sequence::int, type, payload from events
        where topic = ${`conversation:${conversationId}`} order by sequence`,
  };
}
