import { bool, str } from "envalid";
import { limitSettings } from "./limit-settings.js";
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
  READ_SECONDS: whole({
    default: 5,
    desc: "How long a statement may take that reads for a request, 30 at most; what writes and what jobs do has 30",
    example: "5",
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
  INVITATION_DAYS: whole({
    default: 14,
    desc: "How long somebody who is invited into a company can accept",
    example: "14",
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
  REDIS_URL: redisUrl({
    default: undefined,
    desc: "A Redis, version 6 or newer, that carries wake-ups between servers; else the database does",
    example: "redis://filedesk:secret@localhost:6379",
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
  ...limitSettings,
} as const;
