-- Writers of blobs wait from here until this is committed: what they have written before is in the sums below, what they
-- write afterwards is counted by the triggers, whatever version of the server they are. Before the lock on companies that
-- the foreign key takes, which is the order of requests.
LOCK TABLE "blobs" IN SHARE ROW EXCLUSIVE MODE;--> statement-breakpoint
CREATE TABLE "company_storage" (
	"company_id" uuid PRIMARY KEY NOT NULL,
	"used_bytes" bigint DEFAULT 0 NOT NULL,
	"limit_bytes" bigint,
	"reached_percent" integer DEFAULT 0 NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "company_storage_limit" CHECK ("company_storage"."limit_bytes" >= 0)
);
--> statement-breakpoint
ALTER TABLE "company_storage" ADD CONSTRAINT "company_storage_company_id_companies_id_fk" FOREIGN KEY ("company_id") REFERENCES "public"."companies"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
-- With the rights of the owner: a server of an older version gets its rights on the new table only after the migration.
-- 'DESTROYED' is compared as a text, because it may have been added to its type in this same transaction.
CREATE FUNCTION "public"."count_stored_bytes"() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	added bigint := 0;
BEGIN
	IF TG_OP <> 'INSERT' AND OLD."integrity"::text <> 'DESTROYED' THEN added := added - OLD."size"; END IF;
	IF TG_OP <> 'DELETE' AND NEW."integrity"::text <> 'DESTROYED' THEN added := added + NEW."size"; END IF;
	IF TG_OP = 'INSERT' THEN
		INSERT INTO "public"."company_storage" AS s ("company_id", "used_bytes") VALUES (NEW."company_id", added)
		ON CONFLICT ("company_id") DO UPDATE SET "used_bytes" = s."used_bytes" + EXCLUDED."used_bytes";
	ELSE
		UPDATE "public"."company_storage" SET "used_bytes" = "used_bytes" + added WHERE "company_id" = OLD."company_id";
	END IF;
	RETURN NULL;
END $$;--> statement-breakpoint
-- Deferred, so that the row of the company is locked as late as possible: at the commit, or where the server counts.
CREATE CONSTRAINT TRIGGER "blobs_stored" AFTER INSERT OR DELETE ON "blobs"
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION "public"."count_stored_bytes"();--> statement-breakpoint
CREATE CONSTRAINT TRIGGER "blobs_destroyed" AFTER UPDATE ON "blobs"
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
WHEN (OLD."size" <> NEW."size" OR (OLD."integrity"::text = 'DESTROYED') <> (NEW."integrity"::text = 'DESTROYED'))
EXECUTE FUNCTION "public"."count_stored_bytes"();--> statement-breakpoint
INSERT INTO "company_storage" ("company_id", "used_bytes")
SELECT "company_id", sum("size") FROM "blobs" WHERE "integrity"::text <> 'DESTROYED' GROUP BY "company_id";
