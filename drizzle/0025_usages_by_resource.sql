-- The table is read once while the index is made, and changes of usages wait meanwhile.
DROP INDEX "media_usages_by_resource";--> statement-breakpoint
CREATE INDEX "media_usages_by_resource" ON "media_usages" USING btree ("company_id","resource_type","resource_id");