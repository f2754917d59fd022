-- Of the deleted rows alone, which are those of the last RETENTION_DAYS: the indexes are small, but each table is read once while they are made.
CREATE INDEX "attachments_deleted_by_ticket" ON "attachments" USING btree ("ticket_id","deleted_at","id") WHERE "attachments"."deleted_at" is not null;--> statement-breakpoint
CREATE INDEX "attachments_deleted_by_reply" ON "attachments" USING btree ("reply_id","deleted_at","id") WHERE "attachments"."deleted_at" is not null;--> statement-breakpoint
CREATE INDEX "attachments_deleted_by_message" ON "attachments" USING btree ("message_id","deleted_at","id") WHERE "attachments"."deleted_at" is not null;--> statement-breakpoint
CREATE INDEX "replies_deleted_by_ticket" ON "replies" USING btree ("ticket_id","deleted_at","id") WHERE "replies"."deleted_at" is not null;--> statement-breakpoint
CREATE INDEX "replies_deleted" ON "replies" USING btree ("deleted_at") WHERE "replies"."deleted_at" is not null;--> statement-breakpoint
CREATE INDEX "media_posts_deleted_by_ticket" ON "media_posts" USING btree ("ticket_id","deleted_at","id") WHERE "media_posts"."deleted_at" is not null;