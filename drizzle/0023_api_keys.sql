CREATE TYPE "public"."api_key_scope" AS ENUM('READ', 'UPLOAD', 'MANAGE');--> statement-breakpoint
CREATE TABLE "api_keys" (
	"id" uuid PRIMARY KEY NOT NULL,
	"company_id" uuid NOT NULL,
	"name" text NOT NULL,
	"prefix" text NOT NULL,
	"key_hash" text NOT NULL,
	"scopes" "api_key_scope"[] NOT NULL,
	"created_by" uuid,
	"expires_at" timestamp (3) with time zone,
	"last_used_at" timestamp (3) with time zone,
	"revoked_at" timestamp (3) with time zone,
	"revoked_by" uuid,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "api_keys_by_hash" UNIQUE("key_hash"),
	CONSTRAINT "api_keys_scopes" CHECK (cardinality("api_keys"."scopes") > 0)
);
--> statement-breakpoint
ALTER TABLE "media_files" DROP CONSTRAINT "media_files_one_uploader";--> statement-breakpoint
ALTER TABLE "staged_uploads" DROP CONSTRAINT "staged_uploads_one_owner";--> statement-breakpoint
ALTER TABLE "media_files" ADD COLUMN "uploader_api_key_id" uuid;--> statement-breakpoint
ALTER TABLE "staged_uploads" ADD COLUMN "owner_api_key_id" uuid;--> statement-breakpoint
ALTER TABLE "api_keys" ADD CONSTRAINT "api_keys_company_id_companies_id_fk" FOREIGN KEY ("company_id") REFERENCES "public"."companies"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "api_keys" ADD CONSTRAINT "api_keys_created_by_users_id_fk" FOREIGN KEY ("created_by") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "api_keys" ADD CONSTRAINT "api_keys_revoked_by_users_id_fk" FOREIGN KEY ("revoked_by") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "api_keys_by_company" ON "api_keys" USING btree ("company_id","created_at","id");--> statement-breakpoint
ALTER TABLE "media_files" ADD CONSTRAINT "media_files_uploader_api_key_id_api_keys_id_fk" FOREIGN KEY ("uploader_api_key_id") REFERENCES "public"."api_keys"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "staged_uploads" ADD CONSTRAINT "staged_uploads_owner_api_key_id_api_keys_id_fk" FOREIGN KEY ("owner_api_key_id") REFERENCES "public"."api_keys"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "media_files_by_api_key" ON "media_files" USING btree ("uploader_api_key_id") WHERE "media_files"."uploader_api_key_id" is not null;--> statement-breakpoint
CREATE INDEX "staged_uploads_by_api_key" ON "staged_uploads" USING btree ("owner_api_key_id","id") WHERE "staged_uploads"."owner_api_key_id" is not null;--> statement-breakpoint
ALTER TABLE "media_files" ADD CONSTRAINT "media_files_one_uploader" CHECK (num_nonnulls("media_files"."uploader_id", "media_files"."uploader_guest_id", "media_files"."uploader_api_key_id") = 1);--> statement-breakpoint
ALTER TABLE "staged_uploads" ADD CONSTRAINT "staged_uploads_one_owner" CHECK (num_nonnulls("staged_uploads"."owner_id", "staged_uploads"."owner_guest_id", "staged_uploads"."owner_api_key_id") = 1);