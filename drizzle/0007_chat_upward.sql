-- Written by hand: what the table definitions in src/ cannot say (docs/decisions/0003).

-- The messages that attachments hang on, the conversations that guests are let into and the tickets that
-- conversations are about belong to modules above, or beside, the ones that name them.
ALTER TABLE "attachments" ADD CONSTRAINT "attachments_message_id_chat_messages_id_fk" FOREIGN KEY ("message_id") REFERENCES "public"."chat_messages"("id");--> statement-breakpoint
ALTER TABLE "guests" ADD CONSTRAINT "guests_conversation_id_conversations_id_fk" FOREIGN KEY ("conversation_id") REFERENCES "public"."conversations"("id") ON DELETE CASCADE;--> statement-breakpoint
ALTER TABLE "conversations" ADD CONSTRAINT "conversations_ticket_id_tickets_id_fk" FOREIGN KEY ("ticket_id") REFERENCES "public"."tickets"("id") ON DELETE SET NULL;--> statement-breakpoint

-- Until now there were topics of companies' files alone.
UPDATE "event_topics" SET "company_id" = substr("topic", 7)::uuid WHERE "topic" LIKE 'media:%';
