-- Written by hand: what the table definitions in src/ cannot say (docs/decisions/0003).

-- Substring search in tickets.
CREATE EXTENSION IF NOT EXISTS pg_trgm;--> statement-breakpoint
CREATE INDEX "tickets_search" ON "tickets" USING gin (("subject" || ' ' || "description") gin_trgm_ops) WHERE "deleted_at" IS NULL;--> statement-breakpoint

-- The parents of attachments belong to modules above the attachments module, which therefore cannot name them.
ALTER TABLE "attachments" ADD CONSTRAINT "attachments_ticket_id_tickets_id_fk" FOREIGN KEY ("ticket_id") REFERENCES "public"."tickets"("id");--> statement-breakpoint
ALTER TABLE "attachments" ADD CONSTRAINT "attachments_reply_id_replies_id_fk" FOREIGN KEY ("reply_id") REFERENCES "public"."replies"("id");
