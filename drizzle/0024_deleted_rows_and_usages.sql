-- Each table is read once for each of its indexes, and its changes wait meanwhile. In the order in which requests write
-- to the tables, so that none of them and this migration wait for each other.
CREATE INDEX "read_marks_by_conversation" ON "read_marks" USING btree ("conversation_id");--> statement-breakpoint
CREATE INDEX "replies_of_ticket" ON "replies" USING btree ("ticket_id","deleted_at","id");--> statement-breakpoint
CREATE INDEX "replies_deleted" ON "replies" USING btree ("deleted_at") WHERE "replies"."deleted_at" is not null;--> statement-breakpoint
CREATE INDEX "media_posts_of_ticket" ON "media_posts" USING btree ("ticket_id","deleted_at","id");--> statement-breakpoint
CREATE INDEX "attachments_of_ticket" ON "attachments" USING btree ("ticket_id","deleted_at","id") WHERE "attachments"."ticket_id" is not null;--> statement-breakpoint
CREATE INDEX "attachments_of_reply" ON "attachments" USING btree ("reply_id","deleted_at","id") WHERE "attachments"."reply_id" is not null;--> statement-breakpoint
CREATE INDEX "attachments_of_message" ON "attachments" USING btree ("message_id","deleted_at","id") WHERE "attachments"."message_id" is not null;--> statement-breakpoint
DROP INDEX "media_usages_by_resource";--> statement-breakpoint
CREATE INDEX "media_usages_by_resource" ON "media_usages" USING btree ("company_id","resource_type","resource_id");
