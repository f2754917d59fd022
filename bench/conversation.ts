import type postgres from "postgres";
import { createGuestTokenIssuer, createTokenIssuer } from "../src/modules/identity/sessions/access-token.js";
import type { Person } from "./desk-client.js";
import { call } from "./desk-client.js";

/** A conversation with many possible subscribers, each with an access token of their own. */
export interface Room {
  readonly conversationId: string;
  readonly tokens: readonly string[];
}

export interface RoomOptions {
  readonly sql: postgres.Sql;
  readonly port: number;
  readonly agent: Person;
  /** The server's secret for access tokens. */
  readonly secret: string;
  readonly subscribers: number;
}

const START = `mutation ($input: StartConversationInput!) { startConversation(input: $input) { id } }`;
const LIFETIME_MS = 3_600_000;

/** Of ten subscribers, so many are agents, and so many are customers who take part; the others are guests. */
const AGENTS = 4;
const CUSTOMERS = 3;

/**
 * Opens a conversation, and inserts rows for its subscribers, each a different person. They exceed the limit of
 * invitations and are signed in without a password, because neither is measured.
 */
export async function openRoom({ sql, port, agent, secret, subscribers }: RoomOptions): Promise<Room> {
  const { companyId } = agent;
  const { startConversation } = await call<{ startConversation: { id: string } }>(
    port,
    agent.token,
    JSON.stringify({ query: START, variables: { input: { companyId, subject: "The lift is stuck" } } }),
  );
  const conversationId = startConversation.id;
  const people = await sql.begin(async (tx) => {
    await tx`create temp table people on commit drop as
      select n, gen_random_uuid() as id, gen_random_uuid() as session, n % 10 as kind
      from generate_series(0, ${subscribers - 1}::int) n`;
    await tx`insert into users (id, email, name)
      select id, 'subscriber-' || id || '@acme.test', 'Subscriber ' || n from people where kind < ${AGENTS + CUSTOMERS}`;
    await tx`insert into memberships (id, company_id, user_id, role)
      select gen_random_uuid(), ${companyId}, id,
        (case when kind < ${AGENTS} then 'AGENT' else 'CUSTOMER' end)::membership_role
      from people where kind < ${AGENTS + CUSTOMERS}`;
    await tx`insert into sessions (id, user_id, refresh_token_hash, expires_at)
      select session, id, session::text, now() + interval '1 day' from people where kind < ${AGENTS + CUSTOMERS}`;
    await tx`insert into conversation_participants (company_id, conversation_id, user_id)
      select ${companyId}, ${conversationId}, id from people where kind >= ${AGENTS} and kind < ${AGENTS + CUSTOMERS}`;
    await tx`insert into guests (id, company_id, conversation_id, display_name, token_hash, invited_by, expires_at)
      select id, ${companyId}, ${conversationId}, 'Guest ' || n, id::text,
        (select user_id from memberships where company_id = ${companyId} order by user_id limit 1), now() + interval '1 day'
      from people where kind >= ${AGENTS + CUSTOMERS}`;
    return tx<{ id: string; session: string; isGuest: boolean }[]>`
      select id, session, kind >= ${AGENTS + CUSTOMERS} as "isGuest" from people order by n`;
  });
  await sql`analyze users, memberships, sessions, conversation_participants, guests`;
  return { conversationId, tokens: await tokensOf(people, secret) };
}

function tokensOf(
  people: readonly { readonly id: string; readonly session: string; readonly isGuest: boolean }[],
  secret: string,
): Promise<string[]> {
  const options = { secret, clock: () => new Date(), lifetimeMs: LIFETIME_MS };
  const [forPerson, forGuest] = [createTokenIssuer(options), createGuestTokenIssuer(options)];
  const expiresAt = new Date(Date.now() + LIFETIME_MS);
  return Promise.all(
    people.map(async ({ id, session, isGuest }) => {
      const token = isGuest
        ? await forGuest({ id, expiresAt })
        : await forPerson({ userId: id, sessionId: session });
      return token.accessToken;
    }),
  );
}
