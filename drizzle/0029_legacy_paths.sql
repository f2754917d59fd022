CREATE TABLE "legacy_paths" (
	"id" uuid PRIMARY KEY NOT NULL,
	"company_id" uuid NOT NULL,
	"path" text NOT NULL,
	"media_file_id" uuid NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "legacy_paths_once" UNIQUE("path")
);
--> statement-breakpoint
ALTER TABLE "legacy_paths" ADD CONSTRAINT "legacy_paths_company_id_companies_id_fk" FOREIGN KEY ("company_id") REFERENCES "public"."companies"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "legacy_paths" ADD CONSTRAINT "legacy_paths_media_file_id_media_files_id_fk" FOREIGN KEY ("media_file_id") REFERENCES "public"."media_files"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "legacy_paths_by_file" ON "legacy_paths" USING btree ("media_file_id");--> statement-breakpoint
CREATE INDEX "legacy_paths_by_company" ON "legacy_paths" USING btree ("company_id");