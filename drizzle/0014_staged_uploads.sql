CREATE TYPE "public"."staged_upload_status" AS ENUM('RECEIVING', 'CHECKING', 'READY', 'REFUSED', 'USED', 'CANCELLED');--> statement-breakpoint
CREATE TYPE "public"."upload_method" AS ENUM('RESUMABLE');--> statement-breakpoint
CREATE TABLE "staged_uploads" (
	"id" uuid PRIMARY KEY NOT NULL,
	"company_id" uuid NOT NULL,
	"owner_id" uuid,
	"owner_guest_id" uuid,
	"bucket" "bucket" NOT NULL,
	"method" "upload_method" NOT NULL,
	"status" "staged_upload_status" DEFAULT 'RECEIVING' NOT NULL,
	"file_name" text NOT NULL,
	"mime_type" text,
	"size" bigint,
	"received_bytes" bigint DEFAULT 0 NOT NULL,
	"tus_metadata" text,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"storage_key" text,
	"checked" jsonb,
	"refusal" jsonb,
	"used_at" timestamp (3) with time zone,
	"media_file_id" uuid,
	"lease_id" uuid,
	"lease_until" timestamp (3) with time zone,
	"is_lease_wanted" boolean DEFAULT false NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "staged_uploads_storage_key_unique" UNIQUE("storage_key"),
	CONSTRAINT "staged_uploads_one_owner" CHECK (num_nonnulls("staged_uploads"."owner_id", "staged_uploads"."owner_guest_id") = 1),
	CONSTRAINT "staged_uploads_received" CHECK ("staged_uploads"."received_bytes" between 0 and "staged_uploads"."size")
);
--> statement-breakpoint
ALTER TABLE "staged_uploads" ADD CONSTRAINT "staged_uploads_company_id_companies_id_fk" FOREIGN KEY ("company_id") REFERENCES "public"."companies"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "staged_uploads" ADD CONSTRAINT "staged_uploads_owner_id_users_id_fk" FOREIGN KEY ("owner_id") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "staged_uploads" ADD CONSTRAINT "staged_uploads_owner_guest_id_guests_id_fk" FOREIGN KEY ("owner_guest_id") REFERENCES "public"."guests"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "staged_uploads" ADD CONSTRAINT "staged_uploads_media_file_id_media_files_id_fk" FOREIGN KEY ("media_file_id") REFERENCES "public"."media_files"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "staged_uploads_by_owner" ON "staged_uploads" USING btree ("owner_id","id");--> statement-breakpoint
CREATE INDEX "staged_uploads_by_guest" ON "staged_uploads" USING btree ("owner_guest_id","id") WHERE "staged_uploads"."owner_guest_id" is not null;--> statement-breakpoint
CREATE INDEX "staged_uploads_by_company" ON "staged_uploads" USING btree ("company_id");--> statement-breakpoint
CREATE INDEX "staged_uploads_expiring" ON "staged_uploads" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "staged_uploads_by_file" ON "staged_uploads" USING btree ("media_file_id") WHERE "staged_uploads"."media_file_id" is not null;