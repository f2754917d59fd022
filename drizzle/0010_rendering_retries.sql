CREATE TABLE "rendering_retries" (
	"media_file_id" uuid PRIMARY KEY NOT NULL,
	"failures" integer NOT NULL,
	"retry_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "rendering_retries" ADD CONSTRAINT "rendering_retries_media_file_id_media_files_id_fk" FOREIGN KEY ("media_file_id") REFERENCES "public"."media_files"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "rendering_retries_due" ON "rendering_retries" USING btree ("retry_at");