CREATE TABLE "audit_retention" (
	"is_this" boolean PRIMARY KEY DEFAULT true NOT NULL,
	"days" integer NOT NULL,
	CONSTRAINT "audit_retention_once" CHECK ("audit_retention"."is_this")
);
--> statement-breakpoint
ALTER TABLE "audit_log" DROP CONSTRAINT "audit_log_company_id_companies_id_fk";
--> statement-breakpoint
-- They run with the rights of the owner of the tables, for a role that cannot delete entries itself, and decide
-- themselves what may go: what a caller says can only spare entries.
CREATE FUNCTION "public"."purge_audit_entries"("before" timestamp with time zone, "most" integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	kept integer := (SELECT r."days" FROM "public"."audit_retention" r);
	removed integer;
BEGIN
	IF kept IS NULL OR kept < 1 THEN RETURN 0; END IF;
	DELETE FROM "public"."audit_log" WHERE ctid = ANY (ARRAY(
		SELECT a.ctid FROM "public"."audit_log" a
		WHERE a."created_at" < least("before", now() - make_interval(days => kept))
		ORDER BY a."created_at" LIMIT "most"
	));
	GET DIAGNOSTICS removed = ROW_COUNT;
	RETURN removed;
END $$;--> statement-breakpoint
CREATE FUNCTION "public"."purge_audit_entries_of"("company" uuid, "most" integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	removed integer;
BEGIN
	IF EXISTS (SELECT FROM "public"."companies" c WHERE c."id" = "company") THEN RETURN 0; END IF;
	DELETE FROM "public"."audit_log" WHERE ctid = ANY (ARRAY(
		SELECT a.ctid FROM "public"."audit_log" a
		WHERE a."company_id" = "company" AND a."created_at" < now() - interval '30 days'
		ORDER BY a."created_at" LIMIT "most"
	));
	GET DIAGNOSTICS removed = ROW_COUNT;
	RETURN removed;
END $$;--> statement-breakpoint
REVOKE EXECUTE ON FUNCTION "public"."purge_audit_entries"(timestamp with time zone, integer), "public"."purge_audit_entries_of"(uuid, integer) FROM PUBLIC;
