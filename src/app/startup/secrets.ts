import { randomBytes, randomUUID } from "node:crypto";
import { link, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isErrno } from "../../kernel/errno.js";
import type { Config } from "../../platform/config/config.js";
import type { SigningKey } from "../../platform/http/files/signed-url.js";

export interface Secrets {
  readonly authSecret: string;
  readonly urlSigningKeys: readonly SigningKey[];
}

/** The configured secrets; those that are not configured are generated at the first start. */
export async function readSecrets(config: Config, dataFolder: string): Promise<Secrets> {
  const generated =
    config.AUTH_SECRET && config.URL_SIGNING_KEYS
      ? null
      : await readOrGenerate(join(dataFolder, "secrets.json"));
  return {
    authSecret: config.AUTH_SECRET ?? generated?.authSecret ?? "",
    urlSigningKeys: config.URL_SIGNING_KEYS ?? generated?.urlSigningKeys ?? [],
  };
}

async function readOrGenerate(path: string): Promise<Secrets> {
  const found = await readGenerated(path);
  if (found) return found;
  const secret = () => randomBytes(48).toString("base64url");
  const secrets: Secrets = { authSecret: secret(), urlSigningKeys: [{ id: "k1", secret: secret() }] };
  const candidate = `${path}.${randomUUID()}`;
  await writeFile(candidate, JSON.stringify(secrets, null, 2), { mode: 0o600, flush: true });
  try {
    // A link never replaces the secrets of another process, which may be generated at the same time.
    await link(candidate, path);
    return secrets;
  } catch (error) {
    if (!isErrno(error, "EEXIST")) throw error;
    return (await readGenerated(path)) ?? secrets;
  } finally {
    await rm(candidate, { force: true });
  }
}

async function readGenerated(path: string): Promise<Secrets | null> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as Secrets;
  } catch (error) {
    if (isErrno(error, "ENOENT")) return null;
    throw new Error(`${path} cannot be read: repair or remove it.`, { cause: error });
  }
}
