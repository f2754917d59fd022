DROP INDEX "blobs_waiting_for_scan";--> statement-breakpoint
ALTER TABLE "blobs" ADD COLUMN "released_signatures" text[] DEFAULT '{}'::text[] NOT NULL;--> statement-breakpoint
CREATE INDEX "blobs_waiting_for_scan" ON "blobs" USING btree ("id") WHERE "blobs"."scan_status" in ('PENDING', 'INFECTED') or "blobs"."scan_retry_at" is not null;--> statement-breakpoint
UPDATE "blobs" SET "released_signatures" = ARRAY["scan_result"] WHERE "scan_released_at" IS NOT NULL AND "scan_result" IS NOT NULL;