CREATE TYPE "public"."blob_integrity" AS ENUM('UNVERIFIED', 'INTACT', 'ALTERED', 'MISSING');--> statement-breakpoint
CREATE TYPE "public"."variants_status" AS ENUM('PENDING', 'READY', 'FAILED', 'NOT_APPLICABLE');--> statement-breakpoint
CREATE TYPE "public"."media_post_kind" AS ENUM('PHOTO', 'PHOTO_SERIES', 'VIDEO_CLIP');--> statement-breakpoint
CREATE TABLE "blob_variants" (
	"id" uuid PRIMARY KEY NOT NULL,
	"company_id" uuid NOT NULL,
	"blob_id" uuid NOT NULL,
	"name" text NOT NULL,
	"storage_key" text NOT NULL,
	"mime_type" text NOT NULL,
	"width" integer NOT NULL,
	"height" integer NOT NULL,
	"size" integer NOT NULL,
	"sha256" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "blob_variants_storage_key_unique" UNIQUE("storage_key"),
	CONSTRAINT "blob_variants_once" UNIQUE("blob_id","name")
);
--> statement-breakpoint
CREATE TABLE "media_post_files" (
	"id" uuid PRIMARY KEY NOT NULL,
	"company_id" uuid NOT NULL,
	"post_id" uuid NOT NULL,
	"media_file_id" uuid NOT NULL,
	"order_index" integer NOT NULL,
	"caption" text,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "media_post_files_once" UNIQUE("post_id","media_file_id"),
	CONSTRAINT "media_post_files_order" CHECK ("media_post_files"."order_index" >= 0)
);
--> statement-breakpoint
CREATE TABLE "media_posts" (
	"id" uuid PRIMARY KEY NOT NULL,
	"company_id" uuid NOT NULL,
	"ticket_id" uuid NOT NULL,
	"kind" "media_post_kind" NOT NULL,
	"author_id" uuid NOT NULL,
	"description" text,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"deleted_at" timestamp (3) with time zone,
	"deleted_by" uuid
);
--> statement-breakpoint
CREATE TABLE "event_topics" (
	"topic" text PRIMARY KEY NOT NULL,
	"sequence" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "events" (
	"topic" text NOT NULL,
	"sequence" bigint NOT NULL,
	"company_id" uuid NOT NULL,
	"type" text NOT NULL,
	"payload" jsonb NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "events_topic_sequence_pk" PRIMARY KEY("topic","sequence")
);
--> statement-breakpoint
DROP INDEX "media_files_by_company";--> statement-breakpoint
ALTER TABLE "blobs" ADD COLUMN "duration_ms" integer;--> statement-breakpoint
ALTER TABLE "blobs" ADD COLUMN "metadata" jsonb DEFAULT '{}'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "blobs" ADD COLUMN "placeholder" text;--> statement-breakpoint
ALTER TABLE "blobs" ADD COLUMN "integrity" "blob_integrity" DEFAULT 'UNVERIFIED' NOT NULL;--> statement-breakpoint
ALTER TABLE "blobs" ADD COLUMN "verified_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "media_files" ADD COLUMN "size" bigint;--> statement-breakpoint
ALTER TABLE "media_files" ADD COLUMN "mime_type" text;--> statement-breakpoint
ALTER TABLE "media_files" ADD COLUMN "variants_status" "variants_status" DEFAULT 'NOT_APPLICABLE' NOT NULL;--> statement-breakpoint
ALTER TABLE "media_files" ADD COLUMN "version_of" uuid;--> statement-breakpoint
-- Written by hand: what the files that are there already get from their blobs.
UPDATE "media_files" SET "size" = "blobs"."size", "mime_type" = "blobs"."mime_type" FROM "blobs" WHERE "blobs"."id" = "media_files"."blob_id";--> statement-breakpoint
ALTER TABLE "media_files" ALTER COLUMN "size" SET NOT NULL;--> statement-breakpoint
ALTER TABLE "media_files" ALTER COLUMN "mime_type" SET NOT NULL;--> statement-breakpoint
ALTER TABLE "blob_variants" ADD CONSTRAINT "blob_variants_company_id_companies_id_fk" FOREIGN KEY ("company_id") REFERENCES "public"."companies"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "blob_variants" ADD CONSTRAINT "blob_variants_blob_id_blobs_id_fk" FOREIGN KEY ("blob_id") REFERENCES "public"."blobs"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "media_post_files" ADD CONSTRAINT "media_post_files_company_id_companies_id_fk" FOREIGN KEY ("company_id") REFERENCES "public"."companies"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "media_post_files" ADD CONSTRAINT "media_post_files_post_id_media_posts_id_fk" FOREIGN KEY ("post_id") REFERENCES "public"."media_posts"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "media_post_files" ADD CONSTRAINT "media_post_files_media_file_id_media_files_id_fk" FOREIGN KEY ("media_file_id") REFERENCES "public"."media_files"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "media_posts" ADD CONSTRAINT "media_posts_company_id_companies_id_fk" FOREIGN KEY ("company_id") REFERENCES "public"."companies"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "media_posts" ADD CONSTRAINT "media_posts_ticket_id_tickets_id_fk" FOREIGN KEY ("ticket_id") REFERENCES "public"."tickets"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "media_posts" ADD CONSTRAINT "media_posts_author_id_users_id_fk" FOREIGN KEY ("author_id") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "media_post_files_by_file" ON "media_post_files" USING btree ("media_file_id");--> statement-breakpoint
CREATE INDEX "media_posts_by_ticket" ON "media_posts" USING btree ("ticket_id","created_at","id") WHERE "media_posts"."deleted_at" is null;--> statement-breakpoint
CREATE INDEX "media_posts_deleted" ON "media_posts" USING btree ("deleted_at") WHERE "media_posts"."deleted_at" is not null;--> statement-breakpoint
CREATE INDEX "events_by_age" ON "events" USING btree ("created_at");--> statement-breakpoint
ALTER TABLE "media_files" ADD CONSTRAINT "media_files_version_of_media_files_id_fk" FOREIGN KEY ("version_of") REFERENCES "public"."media_files"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "blobs_to_verify" ON "blobs" USING btree ("verified_at" NULLS FIRST,"id");--> statement-breakpoint
CREATE INDEX "media_files_by_size" ON "media_files" USING btree ("company_id","size","id") WHERE "media_files"."deleted_at" is null and "media_files"."version_of" is null;--> statement-breakpoint
CREATE INDEX "media_files_by_name" ON "media_files" USING btree ("company_id","file_name","id") WHERE "media_files"."deleted_at" is null and "media_files"."version_of" is null;--> statement-breakpoint
CREATE INDEX "media_files_versions" ON "media_files" USING btree ("version_of","created_at") WHERE "media_files"."version_of" is not null;--> statement-breakpoint
CREATE INDEX "media_files_expiring" ON "media_files" USING btree ("expires_at") WHERE "media_files"."expires_at" is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "media_usages_single" ON "media_usages" USING btree ("resource_type","resource_id","field_name") WHERE "media_usages"."resource_type" in ('company', 'user');--> statement-breakpoint
CREATE INDEX "media_files_by_company" ON "media_files" USING btree ("company_id","created_at","id") WHERE "media_files"."deleted_at" is null and "media_files"."version_of" is null;