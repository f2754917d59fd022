import { bool, num, str } from "envalid";
import {
  email,
  httpUrl,
  keys,
  linkTemplate,
  list,
  origins,
  port,
  postgresUrl,
  redisUrl,
  secret,
  whole,
} from "./validators.js";

/** Everything that can be set from outside. Each line stands in `.env.example` as well. */
export const settings = {
  NODE_ENV: str({
    choices: ["development", "test", "production"],
    default: "development",
    desc: "What the server runs as",
    example: "production",
  }),
  HOST: str({ default: "127.0.0.1", desc: "Address to listen on", example: "0.0.0.0" }),
  PORT: port({ default: 4000, desc: "Port to listen on; 0 takes a free one", example: "4000" }),
  PUBLIC_URL: httpUrl({
    default: undefined,
    desc: "Base of the URLs that are given out; else taken from the request",
    example: "https://desk.example.com",
  }),
  TRUST_PROXY: list({
    default: [],
    desc: "Proxies whose X-Forwarded headers count: addresses or networks, comma-separated",
    example: "10.0.0.0/8,127.0.0.1",
  }),
  CORS_ORIGINS: origins({
    default: [],
    desc: "Origins of the web apps that may call the API; in development every loopback origin may",
    example: "https://app.example.com",
  }),
  LOG_LEVEL: str({
    choices: ["fatal", "error", "warn", "info", "debug", "trace", "silent"],
    default: "info",
    desc: "Least severe log line to write",
    example: "info",
  }),
  SHUTDOWN_SECONDS: whole({
    default: 30,
    desc: "How long a shutdown waits for uploads, downloads and jobs under way",
    example: "30",
  }),

  FILEDESK_DATA: str({
    default: ".filedesk",
    desc: "Folder of the embedded database, the files and the generated secrets",
    example: "/var/lib/filedesk",
  }),
  DATABASE_URL: postgresUrl({
    default: undefined,
    desc: "A Postgres, version 15 or newer; without it an embedded one is started",
    example: "postgres://filedesk:secret@localhost:5432/filedesk",
  }),
  DATABASE_CONNECTIONS: whole({
    default: 10,
    desc: "Connections to the database at most; the job queue takes up to 4 more",
    example: "10",
  }),
  EMBEDDED_DATABASE: bool({
    default: false,
    desc: "Asks for the embedded database in production",
    example: "true",
  }),
  DEMO_DATA: bool({
    default: undefined,
    desc: "Seeds two companies, nine people, some tickets and a conversation; by default outside production",
    example: "true",
  }),

  WORKER: bool({
    default: true,
    desc: "Whether the server runs jobs itself; `off` leaves them to `filedesk worker`",
    example: "off",
  }),
  WORKER_CONCURRENCY: whole({
    default: 2,
    desc: "Jobs of one kind that a process runs at once at most",
    example: "4",
  }),

  EMBEDDED_SECRETS: bool({
    default: false,
    desc: "Asks for generated secrets, kept in FILEDESK_DATA, in production",
    example: "true",
  }),
  AUTH_SECRET: secret({
    default: undefined,
    desc: "Signs access tokens",
    example: "$(openssl rand -base64 48)",
  }),
  URL_SIGNING_KEYS: keys({
    default: undefined,
    desc: "Sign download URLs: id:secret, comma-separated, newest first",
    example: "k1:$(openssl rand -base64 48)",
  }),
  AUTH_JWKS_URL: httpUrl({
    default: undefined,
    desc: "Key set of an outside identity provider whose tokens are accepted too",
    example: "https://id.example.com/.well-known/jwks.json",
  }),
  AUTH_ISSUER: str({
    default: undefined,
    desc: "The `iss` that its tokens must carry",
    requiredWhen: (env) => env.AUTH_JWKS_URL !== undefined,
    example: "https://id.example.com/",
  }),
  AUTH_AUDIENCE: str({
    default: undefined,
    desc: "The `aud` that its tokens must carry",
    requiredWhen: (env) => env.AUTH_JWKS_URL !== undefined,
    example: "filedesk",
  }),
  GUEST_DAYS: whole({
    default: 30,
    desc: "How long a guest may be invited into a conversation at most",
    example: "30",
  }),
  GUEST_URL: linkTemplate({
    default: undefined,
    desc: "The link that lets a guest in, with `{token}` in it; else the page /join of the server itself",
    example: "https://desk.example.com/join#{token}",
  }),
  GUEST_SESSION_MINUTES: whole({
    default: 60,
    desc: "How long a guest's access token is good for; never longer than the invitation",
    example: "60",
  }),
  RESET_URL: linkTemplate({
    default: undefined,
    desc: "The link to a new password, with `{token}` in it; else the page /reset-password of the server itself",
    example: "https://desk.example.com/reset-password#{token}",
  }),
  RESET_HOURS: whole({
    default: 24,
    desc: "How long a link to a new password is good for",
    example: "24",
  }),
  ADMIN_EMAIL: email({
    default: undefined,
    desc: "An administrator who is created at start when nobody has this address",
    example: "admin@example.com",
  }),
  ADMIN_PASSWORD: str({
    default: undefined,
    desc: "The password of that administrator",
    requiredWhen: (env) => env.ADMIN_EMAIL !== undefined,
    example: "at least 12 characters",
  }),

  INTROSPECTION: bool({
    default: undefined,
    desc: "Lets clients read the schema; by default outside production",
    example: "true",
  }),
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

  REDIS_URL: redisUrl({
    default: undefined,
    desc: "A Redis, version 6 or newer, that carries wake-ups between servers; else the database does",
    example: "redis://filedesk:secret@localhost:6379",
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

  BUCKETS_FILE: str({
    default: undefined,
    desc: "JSON file that overrides the rules of buckets",
    example: "./buckets.json",
  }),
  FFMPEG_PATH: str({
    default: undefined,
    desc: "The ffmpeg that takes posters out of videos; else the one on the PATH, and without one there are no posters",
    example: "/usr/bin/ffmpeg",
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
