-- Written by hand: normalizes existing texts to NFC (docs/decisions/0046). Rows that are in NFC already are only read.
-- Postgres can normalize only in a database with the encoding UTF8.
DO $$
BEGIN
	IF current_setting('server_encoding') <> 'UTF8' THEN
		RETURN;
	END IF;
	UPDATE "companies" SET "name" = normalize("name", NFC) WHERE "name" IS NOT NFC NORMALIZED;
	UPDATE "users" SET "name" = normalize("name", NFC) WHERE "name" IS NOT NFC NORMALIZED;
	UPDATE "guests" SET "display_name" = normalize("display_name", NFC) WHERE "display_name" IS NOT NFC NORMALIZED;
	UPDATE "tickets" SET "subject" = normalize("subject", NFC) WHERE "subject" IS NOT NFC NORMALIZED;
	UPDATE "tickets" SET "description" = normalize("description", NFC) WHERE "description" IS NOT NFC NORMALIZED;
	UPDATE "replies" SET "body" = normalize("body", NFC) WHERE "body" IS NOT NFC NORMALIZED;
	UPDATE "conversations" SET "subject" = normalize("subject", NFC) WHERE "subject" IS NOT NFC NORMALIZED;
	UPDATE "conversations" SET "room" = normalize("room", NFC) WHERE "room" IS NOT NFC NORMALIZED;
	UPDATE "chat_messages" SET "body" = normalize("body", NFC) WHERE "body" IS NOT NFC NORMALIZED;
	UPDATE "media_files" SET "file_name" = normalize("file_name", NFC) WHERE "file_name" IS NOT NFC NORMALIZED;
	UPDATE "attachments" SET "description" = normalize("description", NFC) WHERE "description" IS NOT NFC NORMALIZED;
	UPDATE "media_posts" SET "description" = normalize("description", NFC) WHERE "description" IS NOT NFC NORMALIZED;
	UPDATE "media_post_files" SET "caption" = normalize("caption", NFC) WHERE "caption" IS NOT NFC NORMALIZED;
	-- If two accounts have the same address in different forms, the account whose address is in NFC keeps it.
	UPDATE "users" u SET "email" = normalize("email", NFC) WHERE "email" IS NOT NFC NORMALIZED
		AND NOT EXISTS (SELECT FROM "users" o WHERE o."email" = normalize(u."email", NFC));
	UPDATE "invitations" i SET "email" = normalize("email", NFC) WHERE "email" IS NOT NFC NORMALIZED
		AND NOT EXISTS (SELECT FROM "invitations" o WHERE o."company_id" = i."company_id" AND o."email" = normalize(i."email", NFC));
END $$;
