ALTER TABLE "media_usages" ADD COLUMN "suspended_at" timestamp (3) with time zone;--> statement-breakpoint
-- Written by hand: the usages and files of tickets that are deleted already.
UPDATE "media_usages" u SET "suspended_at" = t."deleted_at"
FROM "tickets" t, (
	SELECT a."id"::text AS "id", coalesce(a."ticket_id", r."ticket_id") AS "ticket_id" FROM "attachments" a LEFT JOIN "replies" r ON r."id" = a."reply_id"
	UNION ALL SELECT "id"::text, "ticket_id" FROM "media_posts"
) p
WHERE p."ticket_id" = t."id" AND t."deleted_at" IS NOT NULL AND u."resource_id" = p."id" AND u."resource_type" IN ('attachment', 'photo', 'photo-series', 'video-clip');--> statement-breakpoint
UPDATE "media_files" f SET "deleted_at" = (SELECT max(u."suspended_at") FROM "media_usages" u WHERE u."media_file_id" = f."id"), "updated_at" = now()
WHERE f."deleted_at" IS NULL
	AND EXISTS (SELECT FROM "media_usages" u WHERE u."media_file_id" = f."id" AND u."suspended_at" IS NOT NULL)
	AND NOT EXISTS (SELECT FROM "media_usages" u WHERE u."media_file_id" = f."id" AND u."suspended_at" IS NULL);--> statement-breakpoint
-- Written by hand: images that were uploaded before renditions existed. The job find-missing asks for theirs.
UPDATE "media_files" SET "variants_status" = 'PENDING'
WHERE "variants_status" = 'NOT_APPLICABLE' AND "mime_type" IN ('image/jpeg', 'image/png', 'image/gif', 'image/webp');
