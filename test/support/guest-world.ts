import { randomUUID } from "node:crypto";
import type postgres from "postgres";

/** Conversations, messages and guests as rows alone: what may be done with files of theirs needs no chat. */
export interface GuestRows {
  conversation(companyId: string, startedBy: string): Promise<string>;
  message(conversationId: string, sender: { userId: string } | { guestId: string }): Promise<string>;
  guest(conversationId: string, guest?: { name?: string; expiresAt?: Date }): Promise<GuestRow>;
  revoke(guestId: string): Promise<unknown>;
}

export interface GuestRow {
  readonly id: string;
  readonly displayName: string;
  readonly expiresAt: Date;
}

const HOUR_MS = 3_600_000;

export const guestRows = (sql: postgres.Sql): GuestRows => ({
  async conversation(companyId, startedBy) {
    const id = randomUUID();
    await sql`insert into conversations (id, company_id, started_by) values (${id}, ${companyId}, ${startedBy})`;
    return id;
  },

  async message(conversationId, sender) {
    const id = randomUUID();
    const userId = "userId" in sender ? sender.userId : null;
    const guestId = "guestId" in sender ? sender.guestId : null;
    await sql`
      with counted as (update conversations set message_count = message_count + 1 where id = ${conversationId}
        returning id, company_id, message_count)
      insert into chat_messages (id, company_id, conversation_id, number, sender_id, sender_guest_id, body)
      select ${id}, company_id, id, message_count, ${userId}::uuid, ${guestId}::uuid, 'Good evening.' from counted`;
    return id;
  },

  async guest(conversationId, { name = "Room 204", expiresAt = new Date(Date.now() + HOUR_MS) } = {}) {
    const id = randomUUID();
    await sql`
      insert into guests (id, company_id, conversation_id, display_name, token_hash, invited_by, expires_at)
      select ${id}, company_id, id, ${name}, ${id}, started_by, ${expiresAt.toISOString()}::timestamptz from conversations where id = ${conversationId}`;
    return { id, displayName: name, expiresAt };
  },

  revoke: (guestId) => sql`update guests set revoked_at = now() where id = ${guestId}`,
});
