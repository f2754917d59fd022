import { cleanEnv, EnvMissingError } from "envalid";
import { SECRET_SETTINGS, withSecretFiles } from "./secret-files.js";
import { settings } from "./settings.js";

export class ConfigurationError extends Error {
  override readonly name = "ConfigurationError";
  constructor(readonly problems: readonly string[]) {
    super(
      `The configuration has ${problems.length} problem${problems.length === 1 ? "" : "s"}:\n${problems.map((problem) => `  - ${problem}`).join("\n")}`,
    );
  }
}

/**
 * Reads and validates the whole configuration.
 *
 * @throws ConfigurationError with all problems at once, each with the variable's name and an example
 */
export function readConfig(environment: NodeJS.ProcessEnv) {
  const problems: string[] = [];
  const read = withSecretFiles(environment, problems);
  const given = Object.fromEntries(Object.entries(read).filter(([, value]) => value !== ""));
  const env = cleanEnv(given, settings, {
    reporter: ({ errors }) => {
      for (const [name, error] of Object.entries(errors)) problems.push(describe(name, error as Error));
    },
  });
  if (problems.length === 0) problems.push(...contradictionsIn(env));
  if (problems.length === 0 && env.NODE_ENV === "production")
    problems.push(...unsafeInProduction(env), ...examplesIn(given));
  if (problems.length > 0) throw new ConfigurationError(problems);
  const production = env.NODE_ENV === "production";
  return {
    ...env,
    isProduction: production,
    demoData: env.DEMO_DATA ?? !production,
    introspection: env.INTROSPECTION ?? !production,
  };
}

export type Config = ReturnType<typeof readConfig>;

function describe(name: string, error: Error): string {
  const spec = settings[name as keyof typeof settings] as { desc?: string; example?: string };
  const wrong =
    error instanceof EnvMissingError
      ? "is missing"
      : error.message.replace(/^Invalid .* input: /, "cannot be ");
  return `${name}: ${wrong} (${spec.desc}; for example ${name}=${spec.example})`;
}

interface Chosen {
  readonly FILES_PER_REQUEST: number;
  readonly UPLOAD_FILES_PER_MINUTE: number;
  readonly OPERATIONS: string;
  readonly OPERATIONS_MANIFEST: readonly string[];
  readonly STORAGE: string;
  readonly STORAGE_FROM: string | undefined;
  readonly DOWNLOAD_MODE: string;
  readonly ACCEL_REDIRECT: string | undefined;
  readonly SCANNER: string;
  readonly CLAMD_URL: string | undefined;
  readonly DATABASE_URL: string | undefined;
  readonly DATABASE_MIGRATE_URL: string | undefined;
}

/** Settings that would have no effect, which an operator might not notice. */
function contradictionsIn(chosen: Chosen): string[] {
  const { STORAGE, STORAGE_FROM, DOWNLOAD_MODE, ACCEL_REDIRECT, SCANNER, CLAMD_URL } = chosen;
  const problems: string[] = [];
  const storages = [STORAGE, STORAGE_FROM];
  if (STORAGE_FROM === STORAGE)
    problems.push(`STORAGE_FROM: files are moved from one storage to another; STORAGE is ${STORAGE} as well`);
  if (DOWNLOAD_MODE === "redirect" && !storages.includes("s3"))
    problems.push("DOWNLOAD_MODE: redirect takes a store that clients can reach; set STORAGE=s3 as well");
  if (ACCEL_REDIRECT !== undefined && !storages.includes("local"))
    problems.push("ACCEL_REDIRECT: nginx reads files of a local folder; it has no effect with STORAGE=s3");
  if (chosen.UPLOAD_FILES_PER_MINUTE < chosen.FILES_PER_REQUEST)
    problems.push(
      `UPLOAD_FILES_PER_MINUTE: is ${chosen.UPLOAD_FILES_PER_MINUTE}, so that a request could never have the ${chosen.FILES_PER_REQUEST} files of FILES_PER_REQUEST; set both`,
    );
  if (chosen.OPERATIONS === "persisted" && chosen.OPERATIONS_MANIFEST.length === 0)
    problems.push(
      `OPERATIONS_MANIFEST: is missing; with OPERATIONS=persisted no other operations are executed (for example OPERATIONS_MANIFEST=${settings.OPERATIONS_MANIFEST.example})`,
    );
  if (chosen.OPERATIONS === "any" && chosen.OPERATIONS_MANIFEST.length > 0)
    problems.push("OPERATIONS_MANIFEST: has no effect with OPERATIONS=any; set OPERATIONS=persisted as well");
  if (CLAMD_URL !== undefined && SCANNER !== "clamd")
    problems.push("CLAMD_URL: nothing is scanned with SCANNER=off; set SCANNER=clamd as well");
  if (chosen.DATABASE_MIGRATE_URL !== undefined && chosen.DATABASE_URL === undefined)
    problems.push(
      "DATABASE_MIGRATE_URL: the embedded database has one role; set DATABASE_URL to the role of the server as well",
    );
  return problems;
}

interface Guarded {
  readonly DATABASE_URL: string | undefined;
  readonly EMBEDDED_DATABASE: boolean;
  readonly AUTH_SECRET: string | undefined;
  readonly URL_SIGNING_KEYS: readonly unknown[] | undefined;
  readonly EMBEDDED_SECRETS: boolean;
}

/** Defaults that are fine for development but not allowed in production unless they are enabled explicitly. */
function unsafeInProduction(env: Guarded): string[] {
  const problems: string[] = [];
  if (!env.DATABASE_URL && !env.EMBEDDED_DATABASE)
    problems.push(
      "DATABASE_URL: is missing; set it, or allow the embedded database with EMBEDDED_DATABASE=true",
    );
  for (const name of ["AUTH_SECRET", "URL_SIGNING_KEYS"] as const)
    if (!env[name] && !env.EMBEDDED_SECRETS)
      problems.push(
        `${name}: is missing; set it (${name}=${settings[name].example}), or allow generated secrets with EMBEDDED_SECRETS=true`,
      );
  return problems;
}

/** Secrets whose example is used as a value. */
const examplesIn = (given: NodeJS.ProcessEnv): string[] =>
  SECRET_SETTINGS.filter((name) => given[name]?.includes(settings[name].example ?? "")).map(
    (name) => `${name}: is the example, which is public; set your own value`,
  );
