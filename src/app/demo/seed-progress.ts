import { sql } from "drizzle-orm";
import type { Database } from "../../platform/database/client.js";

/** The data of a company that an interrupted seed has already created. */
export interface SeedProgress {
  /** In the order of their numbers; includes deleted ones, as do the other fields. */
  readonly tickets: readonly { readonly id: string; readonly replies: number }[];
  readonly conversation: {
    readonly id: string;
    readonly guests: number;
    readonly messages: readonly string[];
  } | null;
  /** Whether somebody has been invited. */
  readonly hasInvited: boolean;
  /** Ids of the company and of people that have a logo or an avatar. */
  readonly pictured: ReadonlySet<string>;
}

export async function readSeedProgress(db: Database, companyId: string): Promise<SeedProgress> {
  const tickets = await db.execute<{ id: string; replies: number }>(sql`
    select id, (select count(*)::int from replies where replies.ticket_id = tickets.id) as replies
    from tickets where company_id = ${companyId} order by number`);
  const conversations = await db.execute<{ id: string; guests: number; messages: string[] }>(sql`
    select id, (select count(*)::int from guests where guests.conversation_id = conversations.id) as guests,
      array(select m.id::text from chat_messages m where m.conversation_id = conversations.id order by m.number) as messages
    from conversations where company_id = ${companyId} order by id limit 1`);
  const pictured = await db.execute<{ id: string }>(sql`
    select resource_id as id from media_usages
    where company_id = ${companyId} and resource_type in ('company', 'user')`);
  const invited = await db.execute(sql`
    select from audit_log where company_id = ${companyId} and action = 'invitation.created' limit 1`);
  return {
    tickets: [...tickets],
    conversation: conversations[0] ?? null,
    hasInvited: invited.length > 0,
    pictured: new Set([...pictured].map(({ id }) => id)),
  };
}
