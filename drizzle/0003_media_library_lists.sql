CREATE TABLE "media_imports" (
	"id" uuid PRIMARY KEY NOT NULL,
	"company_id" uuid NOT NULL,
	"entry_hash" text NOT NULL,
	"media_file_id" uuid,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "media_imports_once" UNIQUE("company_id","entry_hash")
);
--> statement-breakpoint
ALTER TABLE "media_imports" ADD CONSTRAINT "media_imports_company_id_companies_id_fk" FOREIGN KEY ("company_id") REFERENCES "public"."companies"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "media_imports" ADD CONSTRAINT "media_imports_media_file_id_media_files_id_fk" FOREIGN KEY ("media_file_id") REFERENCES "public"."media_files"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "media_imports_by_file" ON "media_imports" USING btree ("media_file_id");--> statement-breakpoint
CREATE INDEX "blobs_by_scan_status" ON "blobs" USING btree ("company_id","scan_status");--> statement-breakpoint
CREATE INDEX "media_files_by_bucket" ON "media_files" USING btree ("company_id","bucket","created_at","id") WHERE "media_files"."deleted_at" is null and "media_files"."version_of" is null;--> statement-breakpoint
CREATE INDEX "media_files_by_type" ON "media_files" USING btree ("company_id","mime_type","created_at","id") WHERE "media_files"."deleted_at" is null and "media_files"."version_of" is null;--> statement-breakpoint
CREATE INDEX "media_files_by_uploader" ON "media_files" USING btree ("company_id","uploader_id","created_at","id") WHERE "media_files"."deleted_at" is null and "media_files"."version_of" is null;--> statement-breakpoint
CREATE INDEX "media_files_in_trash" ON "media_files" USING btree ("company_id","created_at","id") WHERE "media_files"."deleted_at" is not null and "media_files"."version_of" is null;--> statement-breakpoint
CREATE INDEX "tickets_deleted" ON "tickets" USING btree ("deleted_at") WHERE "tickets"."deleted_at" is not null;--> statement-breakpoint
-- Written by hand: substring search in file names.
CREATE INDEX "media_files_search" ON "media_files" USING gin ("file_name" gin_trgm_ops) WHERE "media_files"."deleted_at" is null and "media_files"."version_of" is null;
