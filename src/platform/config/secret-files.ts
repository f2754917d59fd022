import { readFileSync } from "node:fs";

/** Settings that are secret, or contain a password. */
export const SECRET_SETTINGS = [
  "DATABASE_URL",
  "DATABASE_LISTEN_URL",
  "DATABASE_MIGRATE_URL",
  "REDIS_URL",
  "AUTH_SECRET",
  "URL_SIGNING_KEYS",
  "ADMIN_PASSWORD",
] as const;

/** Of a variable that names the file of a secret. */
export const SECRET_FILE_SUFFIX = "_FILE";

/**
 * The environment with the contents of files in the place of secrets: `AUTH_SECRET_FILE=/run/secrets/auth` is read as
 * `AUTH_SECRET`, as Docker, Kubernetes and systemd hand secrets over. White space at the end is not part of a secret.
 *
 * @param problems gets what is wrong, without the contents
 */
export function withSecretFiles(environment: NodeJS.ProcessEnv, problems: string[]): NodeJS.ProcessEnv {
  const read: NodeJS.ProcessEnv = {};
  for (const name of SECRET_SETTINGS) {
    const path = environment[name + SECRET_FILE_SUFFIX];
    if (!path) continue;
    if (environment[name])
      problems.push(`${name}${SECRET_FILE_SUFFIX}: ${name} is set as well; set one of them`);
    else
      read[name] = readSecret(path, (problem) => problems.push(`${name}${SECRET_FILE_SUFFIX}: ${problem}`));
  }
  return { ...environment, ...read };
}

function readSecret(path: string, refuse: (problem: string) => void): string {
  try {
    const secret = readFileSync(path, "utf8").trimEnd();
    if (secret === "") refuse(`the file ${path} is empty`);
    return secret;
  } catch (error) {
    refuse(`the file ${path} cannot be read (${(error as NodeJS.ErrnoException).code})`);
    return "";
  }
}
