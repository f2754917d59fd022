-- Uploads write to blobs first: they wait there, and hold nothing that the statements below and the next migration need.
LOCK TABLE "blobs" IN SHARE ROW EXCLUSIVE MODE;--> statement-breakpoint
ALTER TABLE "attachments" ADD COLUMN "thread_id" uuid;--> statement-breakpoint
-- A trigger, because the parents' tables belong to higher modules, and because servers of the version before do not know
-- the column. A parent never moves to another thread.
CREATE FUNCTION "public"."set_attachment_thread"() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	NEW."thread_id" := CASE
		WHEN NEW."ticket_id" IS NOT NULL THEN NEW."ticket_id"
		WHEN NEW."reply_id" IS NOT NULL THEN (SELECT r."ticket_id" FROM "public"."replies" r WHERE r."id" = NEW."reply_id")
		ELSE (SELECT m."conversation_id" FROM "public"."chat_messages" m WHERE m."id" = NEW."message_id")
	END;
	RETURN NEW;
END $$;--> statement-breakpoint
CREATE TRIGGER "attachments_thread" BEFORE INSERT ON "attachments" FOR EACH ROW
	WHEN (NEW."thread_id" IS NULL) EXECUTE FUNCTION "public"."set_attachment_thread"();--> statement-breakpoint
UPDATE "attachments" SET "thread_id" = "ticket_id" WHERE "ticket_id" IS NOT NULL;--> statement-breakpoint
UPDATE "attachments" SET "thread_id" = "replies"."ticket_id" FROM "replies" WHERE "replies"."id" = "attachments"."reply_id";--> statement-breakpoint
UPDATE "attachments" SET "thread_id" = "chat_messages"."conversation_id" FROM "chat_messages" WHERE "chat_messages"."id" = "attachments"."message_id";--> statement-breakpoint
CREATE INDEX "attachments_by_thread" ON "attachments" USING btree ("thread_id","created_at","id") WHERE "attachments"."deleted_at" is null;--> statement-breakpoint
CREATE INDEX "attachments_deleted_by_thread" ON "attachments" USING btree ("thread_id","deleted_at","id") WHERE "attachments"."deleted_at" is not null;
