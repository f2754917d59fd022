ALTER TABLE "companies" ADD COLUMN "login_background_color" text;--> statement-breakpoint
ALTER TABLE "companies" ADD COLUMN "navigation_background_color" text;--> statement-breakpoint
ALTER TABLE "companies" ADD CONSTRAINT "companies_login_background_form" CHECK ("companies"."login_background_color" ~ '^#[0-9a-f]{6}$');--> statement-breakpoint
ALTER TABLE "companies" ADD CONSTRAINT "companies_navigation_background_form" CHECK ("companies"."navigation_background_color" ~ '^#[0-9a-f]{6}$');