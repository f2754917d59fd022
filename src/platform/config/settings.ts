import { bool, str } from "envalid";
import { limitSettings } from "./limit-settings.js";
import { scannerSettings } from "./scanner-settings.js";
import { storageSettings } from "./storage-settings.js";
import { telemetrySettings } from "./telemetry-settings.js";
import {
  count,
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

/** Every setting. Each is listed in `.env.example` and in docs/settings.md as well. */
export const settings = {
  NODE_ENV: str({
    choices: ["development", "test", "production"],
    default: "development",
    desc: "Environment: `development`, `test` or `production`",
    example: "production",
  }),
  HOST: str({ default: "127.0.0.1", desc: "Network address that the server listens on", example: "0.0.0.0" }),
  PORT: port({
    default: 4000,
    desc: "Port that the server listens on; 0 means any free port",
    example: "4000",
  }),
  PUBLIC_URL: httpUrl({
    default: undefined,
    desc: "Base URL for the links in answers; by default the host of the request is used",
    example: "https://desk.example.com",
  }),
  TRUST_PROXY: list({
    default: [],
    desc: "Reverse proxies whose X-Forwarded-* headers are trusted: addresses or networks, comma-separated",
    example: "10.0.0.0/8,127.0.0.1",
  }),
  CORS_ORIGINS: origins({
    default: [],
    desc: "Origins of web apps that may call the API, comma-separated; outside production every loopback origin may",
    example: "https://app.example.com",
  }),
  COMPRESSION: bool({
    default: true,
    desc: "Whether JSON responses are compressed with gzip for clients that accept it; `off` if a proxy compresses them",
    example: "off",
  }),
  LOG_LEVEL: str({
    choices: ["fatal", "error", "warn", "info", "debug", "trace", "silent"],
    default: "info",
    desc: "Lowest level of log lines that are written",
    example: "info",
  }),
  ...telemetrySettings,
  SHUTDOWN_SECONDS: whole({
    default: 30,
    desc: "Longest time that a shutdown waits for running uploads, downloads and jobs",
    example: "30",
  }),
  SHUTDOWN_DELAY_SECONDS: count({
    default: 0,
    desc: "How long a server that is told to stop still takes requests while /readyz answers 503, so that load balancers notice",
    example: "10",
  }),

  FILEDESK_DATA: str({
    default: ".filedesk",
    desc: "Folder for the embedded database, the files and the generated secrets",
    example: "/var/lib/filedesk",
  }),
  DATABASE_URL: postgresUrl({
    default: undefined,
    desc: "Postgres database, version 15 or newer, with one host or several of which one takes writes; without it an embedded Postgres is started",
    example: "postgres://filedesk:secret@localhost:5432/filedesk",
  }),
  DATABASE_LISTEN_URL: postgresUrl({
    default: undefined,
    desc: "The same database past a pooler, for connections that keep a session: notifications, migrations, locks; by default DATABASE_URL",
    example: "postgres://filedesk:secret@localhost:5432/filedesk",
  }),
  DATABASE_MIGRATE_URL: postgresUrl({
    default: undefined,
    desc: "The same database past a pooler, as the role that owns the tables: it migrates, and gives the role of DATABASE_URL what a server needs; by default DATABASE_URL does",
    example: "postgres://filedesk_owner:secret@localhost:5432/filedesk",
  }),
  DATABASE_PREPARE: bool({
    default: true,
    desc: "Whether sessions keep prepared statements and timeouts; `off` behind PgBouncer in transaction mode",
    example: "off",
  }),
  DATABASE_CONNECTIONS: whole({
    default: 10,
    desc: "Maximum database connections of a process; the job queue opens up to 4 more",
    example: "10",
  }),
  READ_SECONDS: whole({
    default: 5,
    desc: "Timeout of a SQL statement that reads for a request, at most 30; writes and jobs have 30 seconds",
    example: "5",
  }),
  EMBEDDED_DATABASE: bool({
    default: false,
    desc: "Allows the embedded database in production",
    example: "true",
  }),
  DEMO_DATA: bool({
    default: undefined,
    desc: "Creates demo data: two companies, nine people, some tickets and a conversation; on by default outside production",
    example: "true",
  }),

  WORKER: bool({
    default: true,
    desc: "Whether the server itself runs jobs; `off` leaves them to `filedesk worker`",
    example: "off",
  }),
  WORKER_CONCURRENCY: whole({
    default: 2,
    desc: "Maximum jobs of one kind that a process runs at once",
    example: "4",
  }),

  EMBEDDED_SECRETS: bool({
    default: false,
    desc: "Allows secrets that are generated and stored in FILEDESK_DATA in production",
    example: "true",
  }),
  AUTH_SECRET: secret({
    default: undefined,
    desc: "Secret that signs access tokens, at least 32 characters",
    example: "$(openssl rand -base64 48)",
  }),
  URL_SIGNING_KEYS: keys({
    default: undefined,
    desc: "Keys that sign download URLs: `id:secret`, comma-separated, newest first; the newest signs, all are accepted",
    example: "k1:$(openssl rand -base64 48)",
  }),
  AUTH_JWKS_URL: httpUrl({
    default: undefined,
    desc: "JSON Web Key Set of an external identity provider whose tokens are accepted too",
    example: "https://id.example.com/.well-known/jwks.json",
  }),
  AUTH_ISSUER: str({
    default: undefined,
    desc: "Required `iss` claim of tokens of the external identity provider",
    requiredWhen: (env) => env.AUTH_JWKS_URL !== undefined,
    example: "https://id.example.com/",
  }),
  AUTH_AUDIENCE: str({
    default: undefined,
    desc: "Required `aud` claim of tokens of the external identity provider",
    requiredWhen: (env) => env.AUTH_JWKS_URL !== undefined,
    example: "filedesk",
  }),
  INVITATION_DAYS: whole({
    default: 14,
    desc: "Lifetime of an invitation to become a member of a company",
    example: "14",
  }),
  GUEST_DAYS: whole({
    default: 30,
    desc: "Longest lifetime of a guest's invitation to a conversation",
    example: "30",
  }),
  GUEST_URL: linkTemplate({
    default: undefined,
    desc: "Link in a guest invitation, with the placeholder `{token}`; by default the path /join of this server, where you have to provide a page",
    example: "https://desk.example.com/join#{token}",
  }),
  GUEST_SESSION_MINUTES: whole({
    default: 60,
    desc: "Lifetime of a guest's access token; it never outlives the invitation",
    example: "60",
  }),
  RESET_URL: linkTemplate({
    default: undefined,
    desc: "Link for setting a new password, with the placeholder `{token}`; by default the path /reset-password of this server, where you have to provide a page",
    example: "https://desk.example.com/reset-password#{token}",
  }),
  RESET_HOURS: whole({
    default: 24,
    desc: "Lifetime of a link for setting a new password",
    example: "24",
  }),
  ADMIN_EMAIL: email({
    default: undefined,
    desc: "E-mail address of an administrator, created at startup if no account has the address",
    example: "admin@example.com",
  }),
  ADMIN_PASSWORD: str({
    default: undefined,
    desc: "Password of that administrator",
    requiredWhen: (env) => env.ADMIN_EMAIL !== undefined,
    example: "at least 12 characters",
  }),

  INTROSPECTION: bool({
    default: undefined,
    desc: "Allows GraphQL introspection; on by default outside production",
    example: "true",
  }),
  OPERATIONS: str({
    choices: ["any", "persisted"],
    default: "any",
    desc: "Which GraphQL operations are executed: `any`, or only the `persisted` ones of OPERATIONS_MANIFEST",
    example: "persisted",
  }),
  OPERATIONS_MANIFEST: list({
    default: [],
    desc: "Manifests of persisted operations, as @apollo/generate-persisted-query-manifest writes them: files, comma-separated",
    example: "/etc/filedesk/web.json,/etc/filedesk/ios.json",
  }),
  REDIS_URL: redisUrl({
    default: undefined,
    desc: "Redis, version 6 or newer, that notifies the other servers of new events; by default Postgres does",
    example: "redis://filedesk:secret@localhost:6379",
  }),
  WEBHOOK_ALLOWED_HOSTS: list({
    default: [],
    desc: "Hosts in private networks that webhooks may be sent to, by https or http, comma-separated: names or addresses",
    example: "erp.internal,10.0.0.7",
  }),
  BUCKETS_FILE: str({
    default: undefined,
    desc: "JSON file that overrides the types and size limits of buckets",
    example: "./buckets.json",
  }),
  FFMPEG_PATH: str({
    default: undefined,
    desc: "Path of ffmpeg, which makes poster images of videos; by default the one on the PATH. Without ffmpeg there are no posters",
    example: "/usr/bin/ffmpeg",
  }),
  ...storageSettings,
  ...scannerSettings,
  ...limitSettings,
} as const;
