ALTER TABLE "blobs" ADD COLUMN "scanned_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "blobs" ADD COLUMN "scan_result" text;--> statement-breakpoint
ALTER TABLE "blobs" ADD COLUMN "scan_attempts" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "blobs" ADD COLUMN "scan_retry_at" timestamp (3) with time zone;--> statement-breakpoint
CREATE INDEX "blobs_waiting_for_scan" ON "blobs" USING btree ("id") WHERE "blobs"."scan_status" in ('PENDING', 'INFECTED');