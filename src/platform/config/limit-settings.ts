import { bool, num } from "envalid";
import { whole } from "./validators.js";

/** How much may be asked for, sent and kept, and for how long. */
export const limitSettings = {
  GRAPHQL_DEPTH: whole({ default: 12, desc: "Levels of nesting in an operation at most", example: "12" }),
  GRAPHQL_COST: whole({
    default: 5_000,
    desc: "What an operation may cost at most: an object costs 1, a list its objects times its page size",
    example: "5000",
  }),
  GRAPHQL_ANSWER_MEGABYTES: whole({
    default: 8,
    desc: "MiB of an operation's answer at most",
    example: "8",
  }),
  UNREAD_MEGABYTES: whole({
    default: 128,
    desc: "MiB of answers and events that may wait for slow readers in all; then the worst are cut off",
    example: "128",
  }),

  SUBSCRIPTIONS_PER_CONNECTION: whole({
    default: 100,
    desc: "Subscriptions that one websocket may have at once at most",
    example: "100",
  }),
  CONNECTIONS_PER_VIEWER: whole({
    default: 20,
    desc: "Websockets and event streams that a person may have open at once, per server",
    example: "20",
  }),
  HEARTBEAT_SECONDS: whole({
    default: 12,
    desc: "How often a sign of life goes over a websocket or an event stream",
    example: "12",
  }),

  IMAGE_MEGAPIXELS: num({ default: 50, desc: "Pixels of an image at most, in millions", example: "50" }),
  FILES_PER_REQUEST: whole({ default: 10, desc: "Files in one request at most", example: "10" }),
  TICKET_FILES: whole({ default: 20, desc: "Files on one ticket and its replies at most", example: "20" }),
  TICKET_MEGABYTES: whole({
    default: 500,
    desc: "MiB of files on one ticket and its replies at most",
    example: "500",
  }),
  TICKET_POST_FILES: whole({
    default: 200,
    desc: "Photos and clips on one ticket's timeline at most",
    example: "200",
  }),
  TICKET_POST_MEGABYTES: whole({
    default: 2_000,
    desc: "MiB of photos and clips on one ticket's timeline at most",
    example: "2000",
  }),
  CHAT_FILES: whole({ default: 10, desc: "Files on one chat message at most", example: "10" }),
  UPLOADS_PER_MINUTE: whole({
    default: 10,
    desc: "Requests with files that a user may send in a minute",
    example: "10",
  }),
  UPLOADS_AT_ONCE: whole({
    default: 3,
    desc: "Requests with files that a user may have under way at once, per server",
    example: "3",
  }),
  CREATIONS_PER_MINUTE: whole({
    default: 120,
    desc: "Tickets, replies, messages, conversations and invitations of a user or guest in a minute, together",
    example: "120",
  }),
  CHANGES_PER_MINUTE: whole({
    default: 600,
    desc: "All other mutations of a user or guest in a minute, together",
    example: "600",
  }),
  DOWNLOADS_AT_ONCE: whole({
    default: 100,
    desc: "Downloads that a person may have open at once, per server; ten times as many of public files from one network address",
    example: "100",
  }),
  SLOWEST_KILOBYTES_PER_SECOND: num({
    default: 1,
    desc: "KiB a second at least of a body that a client sends, or of an answer that it reads; who is slower is cut off",
    example: "1",
  }),
  PACE_SECONDS: whole({
    default: 60,
    desc: "Over how many seconds that is measured of what is sent; over twice as many of what is read",
    example: "60",
  }),
  DOWNLOADS_PER_MINUTE: whole({ default: 600, desc: "Downloads of a user in a minute", example: "600" }),
  SIGN_INS_PER_MINUTE: whole({
    default: 10,
    desc: "Sign-in attempts in a minute for one e-mail address; from one network address ten times as many",
    example: "10",
  }),
  SIGNED_URL_MINUTES: whole({ default: 60, desc: "How long a signed URL is good for", example: "60" }),
  ORPHAN_DAYS: whole({
    default: 30,
    desc: "How long a file lies that nothing uses until it counts as an orphan",
    example: "30",
  }),
  RETENTION_DAYS: whole({ default: 14, desc: "How long something deleted can be restored", example: "14" }),
  PURGE_ORPHANS: bool({
    default: false,
    desc: "Removes files for good, every night, that nothing has used for ORPHAN_DAYS",
    example: "true",
  }),
  SWEEP_TRASH_DAYS: whole({
    default: 7,
    desc: "How long swept and purged files lie in the trash, from which they can come back",
    example: "7",
  }),
  SWEEP_MOST_FILES: whole({
    default: 100,
    desc: "A sweep that would remove more files than this, and more than SWEEP_MOST_PERCENT, refuses",
    example: "100",
  }),
  SWEEP_MOST_PERCENT: whole({
    default: 10,
    desc: "A sweep that would remove more of all files than this, and more than SWEEP_MOST_FILES, refuses",
    example: "10",
  }),
  UNFINISHED_UPLOAD_HOURS: whole({
    default: 24,
    desc: "How long the rest of an upload that was never finished is kept",
    example: "24",
  }),
  VERIFY_FILES: whole({
    default: 1_000,
    desc: "Stored files that are re-hashed each night at most",
    example: "1000",
  }),
  VERIFY_MEGABYTES: whole({
    default: 2_048,
    desc: "MiB that are re-hashed each night at most",
    example: "2048",
  }),
  EVENT_DAYS: whole({ default: 30, desc: "How long events can be read again", example: "30" }),
} as const;
