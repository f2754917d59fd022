import { bool, num } from "envalid";
import { count, whole } from "./validators.js";

/** Limits, lifetimes and retention periods. */
export const limitSettings = {
  GRAPHQL_DEPTH: whole({
    default: 12,
    desc: "Maximum nesting depth of fields in an operation",
    example: "12",
  }),
  GRAPHQL_COST: whole({
    default: 5_000,
    desc: "Maximum cost of an operation: an object costs 1, a list the cost of its objects times the page size",
    example: "5000",
  }),
  GRAPHQL_ANSWER_MEGABYTES: whole({
    default: 8,
    desc: "Maximum size of an operation's response, in MiB",
    example: "8",
  }),
  UNREAD_MEGABYTES: whole({
    default: 128,
    desc: "Maximum MiB of responses and events that wait in memory for slow clients, all connections together; above it the worst are disconnected",
    example: "128",
  }),

  SUBSCRIPTIONS_PER_CONNECTION: whole({
    default: 100,
    desc: "Maximum subscriptions at once on one websocket",
    example: "100",
  }),
  SUBSCRIPTIONS_PER_MINUTE: whole({
    default: 1_000,
    desc: "Maximum subscriptions that one person may start in a minute, over all websockets and event streams, per server",
    example: "1000",
  }),
  CONNECTIONS_PER_VIEWER: whole({
    default: 20,
    desc: "Maximum websockets and event streams that one person has open at once, per server",
    example: "20",
  }),
  HEARTBEAT_SECONDS: whole({
    default: 12,
    desc: "Interval of heartbeats on websockets and event streams",
    example: "12",
  }),

  IMAGE_MEGAPIXELS: num({ default: 50, desc: "Maximum size of an image, in megapixels", example: "50" }),
  FILES_PER_REQUEST: whole({ default: 10, desc: "Maximum files in one request", example: "10" }),
  TICKET_FILES: whole({
    default: 20,
    desc: "Maximum files on one ticket and its replies together",
    example: "20",
  }),
  TICKET_MEGABYTES: whole({
    default: 500,
    desc: "Maximum MiB of files on one ticket and its replies together",
    example: "500",
  }),
  TICKET_POST_FILES: whole({
    default: 200,
    desc: "Maximum photos and clips on one ticket's timeline",
    example: "200",
  }),
  TICKET_POST_MEGABYTES: whole({
    default: 2_000,
    desc: "Maximum MiB of photos and clips on one ticket's timeline",
    example: "2000",
  }),
  CHAT_FILES: whole({ default: 10, desc: "Maximum files on one chat message", example: "10" }),
  UPLOADS_PER_MINUTE: whole({
    default: 10,
    desc: "Maximum requests with files that one user or guest may send in a minute",
    example: "10",
  }),
  UPLOAD_FILES_PER_MINUTE: whole({
    default: 30,
    desc: "Maximum files that one user or guest may upload in a minute: those of requests and those begun with startUpload, together; not less than FILES_PER_REQUEST",
    example: "30",
  }),
  UPLOADS_AT_ONCE: whole({
    default: 3,
    desc: "Maximum requests with files, or with bytes of resumable uploads, that one user or guest may have running at once, per server",
    example: "3",
  }),
  STAGED_UPLOADS: whole({
    default: 50,
    desc: "Maximum uploads begun with startUpload that one user or guest may have open at once: still arriving, or not used yet",
    example: "50",
  }),
  CREATIONS_PER_MINUTE: whole({
    default: 120,
    desc: "Maximum tickets, replies, conversations, invitations, API keys and webhooks that one user or guest may create in a minute, together",
    example: "120",
  }),
  MESSAGES_PER_MINUTE: whole({
    default: 60,
    desc: "Maximum chat messages that one user or guest may send in a minute",
    example: "60",
  }),
  CHANGES_PER_MINUTE: whole({
    default: 600,
    desc: "Maximum other mutations that one user or guest may send in a minute, together",
    example: "600",
  }),
  DOWNLOADS_AT_ONCE: whole({
    default: 100,
    desc: "Maximum downloads that one person has running at once, per server; of public files, ten times as many per network address",
    example: "100",
  }),
  SLOWEST_KILOBYTES_PER_SECOND: num({
    default: 1,
    desc: "Minimum rate, in KiB a second, at which a client must send a request body or read a response; slower clients are disconnected",
    example: "1",
  }),
  PACE_SECONDS: whole({
    default: 60,
    desc: "Period over which that rate is measured for request bodies; for responses, twice as long",
    example: "60",
  }),
  DOWNLOADS_PER_MINUTE: whole({
    default: 600,
    desc: "Maximum downloads that one user or guest may start in a minute; of public files, ten times as many per network address",
    example: "600",
  }),
  API_KEYS: whole({
    default: 50,
    desc: "Maximum API keys of one company that are neither revoked nor expired",
    example: "50",
  }),
  WEBHOOKS: count({
    default: 10,
    desc: "Maximum webhooks of one company; 0: none, and nothing is sent to those that there are",
    example: "10",
  }),
  API_KEY_RATE_FACTOR: whole({
    default: 10,
    desc: "How many times as much one API key may do as one person: uploads, files, open uploads, downloads and mutations, each counted by the key",
    example: "10",
  }),
  SIGN_INS_PER_MINUTE: whole({
    default: 10,
    desc: "Maximum sign-in attempts in a minute for one e-mail address from one network address; for either by itself, ten times as many",
    example: "10",
  }),
  SIGNED_URL_MINUTES: whole({ default: 60, desc: "Lifetime of a signed URL", example: "60" }),
  SIGNED_URL_MAX_MINUTES: whole({
    default: 10_080,
    desc: "The longest lifetime that clients may ask for with `signedUrl`; 7 days, as object stores allow for theirs",
    example: "10080",
  }),
  ORPHAN_DAYS: whole({
    default: 30,
    desc: "Days without any use after which a file counts as an orphan",
    example: "30",
  }),
  RETENTION_DAYS: whole({
    default: 14,
    desc: "Days in which something deleted can be restored",
    example: "14",
  }),
  PURGE_ORPHANS: bool({
    default: false,
    desc: "Removes orphans for good every night",
    example: "true",
  }),
  SWEEP_TRASH_DAYS: whole({
    default: 7,
    desc: "Days that swept and purged files stay in the trash, from which they can be brought back",
    example: "7",
  }),
  SWEEP_MOST_FILES: whole({
    default: 100,
    desc: "A sweep refuses to run if it would remove more files than this and also more than SWEEP_MOST_PERCENT",
    example: "100",
  }),
  SWEEP_MOST_PERCENT: whole({
    default: 10,
    desc: "A sweep refuses to run if it would remove more than this percentage of all files and also more than SWEEP_MOST_FILES",
    example: "10",
  }),
  UNFINISHED_UPLOAD_HOURS: whole({
    default: 24,
    desc: "Hours after which an upload begun with startUpload expires unless it is used, and temp files of unfinished uploads are removed",
    example: "24",
  }),
  VERIFY_FILES: whole({
    default: 1_000,
    desc: "Maximum stored files that are verified each night",
    example: "1000",
  }),
  VERIFY_MEGABYTES: whole({
    default: 2_048,
    desc: "Maximum MiB of stored files that are verified each night",
    example: "2048",
  }),
  EVENT_DAYS: whole({ default: 30, desc: "Days that events stay in the event log", example: "30" }),
  AUDIT_DAYS: count({
    default: 0,
    desc: "Days that entries stay in the audit log; 0: for ever",
    example: "730",
  }),
} as const;
