CREATE INDEX "blobs_by_scan_status" ON "blobs" USING btree ("company_id","scan_status");--> statement-breakpoint
CREATE INDEX "media_files_by_bucket" ON "media_files" USING btree ("company_id","bucket","created_at","id") WHERE "media_files"."deleted_at" is null and "media_files"."version_of" is null;--> statement-breakpoint
CREATE INDEX "media_files_by_type" ON "media_files" USING btree ("company_id","mime_type","created_at","id") WHERE "media_files"."deleted_at" is null and "media_files"."version_of" is null;--> statement-breakpoint
CREATE INDEX "media_files_by_uploader" ON "media_files" USING btree ("company_id","uploader_id","created_at","id") WHERE "media_files"."deleted_at" is null and "media_files"."version_of" is null;--> statement-breakpoint
CREATE INDEX "media_files_in_trash" ON "media_files" USING btree ("company_id","created_at","id") WHERE "media_files"."deleted_at" is not null and "media_files"."version_of" is null;--> statement-breakpoint
-- Written by hand: substring search in file names.
CREATE INDEX "media_files_search" ON "media_files" USING gin ("file_name" gin_trgm_ops) WHERE "media_files"."deleted_at" is null and "media_files"."version_of" is null;
