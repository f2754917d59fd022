CREATE TABLE "chat_messages" (
	"id" uuid PRIMARY KEY NOT NULL,
	"company_id" uuid NOT NULL,
	"conversation_id" uuid NOT NULL,
	"number" integer NOT NULL,
	"sender_id" uuid,
	"sender_guest_id" uuid,
	"body" text NOT NULL,
	"reply_to_id" uuid,
	"client_id" text,
	"edited_at" timestamp (3) with time zone,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"deleted_at" timestamp (3) with time zone,
	"deleted_by" uuid,
	CONSTRAINT "chat_messages_of_conversation" UNIQUE("conversation_id","id"),
	CONSTRAINT "chat_messages_one_sender" CHECK (num_nonnulls("chat_messages"."sender_id", "chat_messages"."sender_guest_id") = 1)
);
--> statement-breakpoint
CREATE TABLE "conversation_participants" (
	"company_id" uuid NOT NULL,
	"conversation_id" uuid NOT NULL,
	"user_id" uuid NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "conversation_participants_conversation_id_user_id_pk" PRIMARY KEY("conversation_id","user_id")
);
--> statement-breakpoint
CREATE TABLE "conversations" (
	"id" uuid PRIMARY KEY NOT NULL,
	"company_id" uuid NOT NULL,
	"ticket_id" uuid,
	"subject" text,
	"room" text,
	"started_by" uuid NOT NULL,
	"message_count" integer DEFAULT 0 NOT NULL,
	"last_activity_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"closed_at" timestamp (3) with time zone,
	"closed_by" uuid,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "read_marks" (
	"id" uuid PRIMARY KEY NOT NULL,
	"company_id" uuid NOT NULL,
	"conversation_id" uuid NOT NULL,
	"user_id" uuid,
	"guest_id" uuid,
	"message_number" integer NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "read_marks_one_reader" CHECK (num_nonnulls("read_marks"."user_id", "read_marks"."guest_id") = 1)
);
--> statement-breakpoint
CREATE TABLE "guests" (
	"id" uuid PRIMARY KEY NOT NULL,
	"company_id" uuid NOT NULL,
	"conversation_id" uuid NOT NULL,
	"display_name" text NOT NULL,
	"token_hash" text NOT NULL,
	"invited_by" uuid NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"joined_at" timestamp (3) with time zone,
	"revoked_at" timestamp (3) with time zone,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "attachments" DROP CONSTRAINT "attachments_one_parent";--> statement-breakpoint
ALTER TABLE "attachments" ALTER COLUMN "uploader_id" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "media_files" ALTER COLUMN "uploader_id" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "attachments" ADD COLUMN "message_id" uuid;--> statement-breakpoint
ALTER TABLE "attachments" ADD COLUMN "uploader_guest_id" uuid;--> statement-breakpoint
ALTER TABLE "media_files" ADD COLUMN "uploader_guest_id" uuid;--> statement-breakpoint
ALTER TABLE "event_topics" ADD COLUMN "company_id" uuid;--> statement-breakpoint
ALTER TABLE "chat_messages" ADD CONSTRAINT "chat_messages_company_id_companies_id_fk" FOREIGN KEY ("company_id") REFERENCES "public"."companies"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "chat_messages" ADD CONSTRAINT "chat_messages_conversation_id_conversations_id_fk" FOREIGN KEY ("conversation_id") REFERENCES "public"."conversations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "chat_messages" ADD CONSTRAINT "chat_messages_sender_id_users_id_fk" FOREIGN KEY ("sender_id") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "chat_messages" ADD CONSTRAINT "chat_messages_sender_guest_id_guests_id_fk" FOREIGN KEY ("sender_guest_id") REFERENCES "public"."guests"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "chat_messages" ADD CONSTRAINT "chat_messages_reply_to_fk" FOREIGN KEY ("conversation_id","reply_to_id") REFERENCES "public"."chat_messages"("conversation_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "conversation_participants" ADD CONSTRAINT "conversation_participants_company_id_companies_id_fk" FOREIGN KEY ("company_id") REFERENCES "public"."companies"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "conversation_participants" ADD CONSTRAINT "conversation_participants_conversation_id_conversations_id_fk" FOREIGN KEY ("conversation_id") REFERENCES "public"."conversations"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "conversation_participants" ADD CONSTRAINT "conversation_participants_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "conversations" ADD CONSTRAINT "conversations_company_id_companies_id_fk" FOREIGN KEY ("company_id") REFERENCES "public"."companies"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "conversations" ADD CONSTRAINT "conversations_started_by_users_id_fk" FOREIGN KEY ("started_by") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "conversations" ADD CONSTRAINT "conversations_closed_by_users_id_fk" FOREIGN KEY ("closed_by") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "read_marks" ADD CONSTRAINT "read_marks_company_id_companies_id_fk" FOREIGN KEY ("company_id") REFERENCES "public"."companies"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "read_marks" ADD CONSTRAINT "read_marks_conversation_id_conversations_id_fk" FOREIGN KEY ("conversation_id") REFERENCES "public"."conversations"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "read_marks" ADD CONSTRAINT "read_marks_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "read_marks" ADD CONSTRAINT "read_marks_guest_id_guests_id_fk" FOREIGN KEY ("guest_id") REFERENCES "public"."guests"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "guests" ADD CONSTRAINT "guests_company_id_companies_id_fk" FOREIGN KEY ("company_id") REFERENCES "public"."companies"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "guests" ADD CONSTRAINT "guests_invited_by_users_id_fk" FOREIGN KEY ("invited_by") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "chat_messages_by_number" ON "chat_messages" USING btree ("conversation_id","number");--> statement-breakpoint
CREATE UNIQUE INDEX "chat_messages_by_client_of_users" ON "chat_messages" USING btree ("conversation_id","sender_id","client_id") WHERE "chat_messages"."client_id" is not null and "chat_messages"."sender_id" is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "chat_messages_by_client_of_guests" ON "chat_messages" USING btree ("conversation_id","sender_guest_id","client_id") WHERE "chat_messages"."client_id" is not null and "chat_messages"."sender_guest_id" is not null;--> statement-breakpoint
CREATE INDEX "chat_messages_by_company" ON "chat_messages" USING btree ("company_id","id");--> statement-breakpoint
CREATE INDEX "chat_messages_by_reply" ON "chat_messages" USING btree ("reply_to_id") WHERE "chat_messages"."reply_to_id" is not null;--> statement-breakpoint
CREATE INDEX "chat_messages_deleted" ON "chat_messages" USING btree ("deleted_at") WHERE "chat_messages"."deleted_at" is not null;--> statement-breakpoint
CREATE INDEX "conversation_participants_by_user" ON "conversation_participants" USING btree ("user_id","conversation_id");--> statement-breakpoint
CREATE INDEX "conversations_by_activity" ON "conversations" USING btree ("company_id","last_activity_at","id");--> statement-breakpoint
CREATE INDEX "conversations_by_ticket" ON "conversations" USING btree ("ticket_id") WHERE "conversations"."ticket_id" is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "read_marks_of_users" ON "read_marks" USING btree ("conversation_id","user_id") WHERE "read_marks"."user_id" is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "read_marks_of_guests" ON "read_marks" USING btree ("conversation_id","guest_id") WHERE "read_marks"."guest_id" is not null;--> statement-breakpoint
CREATE INDEX "read_marks_by_company" ON "read_marks" USING btree ("company_id");--> statement-breakpoint
CREATE UNIQUE INDEX "guests_by_token" ON "guests" USING btree ("token_hash");--> statement-breakpoint
CREATE INDEX "guests_by_conversation" ON "guests" USING btree ("conversation_id","id");--> statement-breakpoint
CREATE INDEX "guests_by_company" ON "guests" USING btree ("company_id");--> statement-breakpoint
ALTER TABLE "attachments" ADD CONSTRAINT "attachments_uploader_guest_id_guests_id_fk" FOREIGN KEY ("uploader_guest_id") REFERENCES "public"."guests"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "media_files" ADD CONSTRAINT "media_files_uploader_guest_id_guests_id_fk" FOREIGN KEY ("uploader_guest_id") REFERENCES "public"."guests"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "attachments_by_message" ON "attachments" USING btree ("message_id","created_at","id") WHERE "attachments"."deleted_at" is null;--> statement-breakpoint
ALTER TABLE "attachments" ADD CONSTRAINT "attachments_one_uploader" CHECK (num_nonnulls("attachments"."uploader_id", "attachments"."uploader_guest_id") = 1);--> statement-breakpoint
ALTER TABLE "attachments" ADD CONSTRAINT "attachments_one_parent" CHECK (num_nonnulls("attachments"."ticket_id", "attachments"."reply_id", "attachments"."message_id") = 1);--> statement-breakpoint
ALTER TABLE "media_files" ADD CONSTRAINT "media_files_one_uploader" CHECK (num_nonnulls("media_files"."uploader_id", "media_files"."uploader_guest_id") = 1);