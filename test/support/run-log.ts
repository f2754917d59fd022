import { existsSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { Logger } from "pino";
import { DEMO_PASSWORD } from "../../src/app/demo/demo-people.js";
import { createLogger } from "../../src/platform/logger.js";

// Everything that servers of a test run log, and every secret that the tests know of. `global-teardown.js` compares them
// and fails the run if a secret is in a log line.

const { TEST_LOG_FOLDER = "" } = process.env;
const open = (kind: "log" | "secrets"): number =>
  TEST_LOG_FOLDER === "" ? -1 : openSync(join(TEST_LOG_FOLDER, `${process.pid}.${kind}`), "a");
const logFile = open("log");
const secretsFile = open("secrets");

/** The demo's password is printed on purpose, where people see it. */
const noted = new Set<string>([DEMO_PASSWORD]);

/** Adds log lines of a server in a process of its own. */
export function noteLog(text: string): void {
  if (logFile >= 0 && text !== "") writeSync(logFile, text.endsWith("\n") ? text : `${text}\n`);
}

/** What is shorter (settings that are wrong on purpose) is a word that log lines have by chance. */
const SHORTEST = 8;

/** Adds what must not be in any log line of the run. */
export function noteSecrets(...secrets: readonly (string | undefined)[]): void {
  const news = secrets.filter(
    (secret) => secret !== undefined && secret.length >= SHORTEST && !noted.has(secret),
  );
  if (secretsFile < 0 || news.length === 0) return;
  for (const secret of news) noted.add(secret as string);
  writeSync(secretsFile, news.map((secret) => `${JSON.stringify(secret)}\n`).join(""));
}

/** The log of a server in this process, as in production, with every line that it could write. */
export const runLogger = (): Logger => createLogger("trace", { destination: { write: noteLog } });

/** Settings that are secret as a whole. */
const SECRET_SETTINGS = ["AUTH_SECRET", "ADMIN_PASSWORD", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];
const URLS = ["DATABASE_URL", "DATABASE_LISTEN_URL", "DATABASE_MIGRATE_URL", "REDIS_URL"];

/** Notes the secrets in the settings of a server. */
export function noteSecretSettings(environment: Readonly<Record<string, string | undefined>>): void {
  for (const name of SECRET_SETTINGS) noteSecrets(environment[name]);
  for (const pair of (environment.URL_SIGNING_KEYS ?? "").split(",")) noteSecrets(pair.split(":")[1]);
  for (const name of URLS) notePassword(environment[name]);
}

function notePassword(url = ""): void {
  const password = /^\w+:\/\/[^/:@]*:([^/@]*)@/.exec(url)?.[1];
  if (password) noteSecrets(password, decodeURIComponent(password));
}

/** Notes the secrets that a first start has generated, if it has. */
export function noteGeneratedSecrets(dataFolder: string): void {
  if (!existsSync(join(dataFolder, "secrets.json"))) return;
  const read = JSON.parse(readFileSync(join(dataFolder, "secrets.json"), "utf8")) as {
    authSecret: string;
    urlSigningKeys: { secret: string }[];
  };
  noteSecrets(read.authSecret, ...read.urlSigningKeys.map(({ secret }) => secret));
}

const TOKEN = /"(?:\w*[tT]oken|\w*[pP]assword)\\?":\s*\\?"([^"\\]{8,})/g;
const IN_LINK = /#([\w-]{16,})"/g;
const API_KEY = /(fdk_[0-9a-f]{64})/g;

/** Notes tokens, passwords, API keys and links in the text of a GraphQL request or response. */
export function noteTokens(json: string): void {
  const found = [TOKEN, IN_LINK, API_KEY].flatMap((form) => [...json.matchAll(form)]);
  noteSecrets(...found.map(([, secret]) => secret));
}
