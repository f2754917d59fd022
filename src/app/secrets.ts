import { randomBytes } from "node:crypto";
import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Config } from "../platform/config/config.js";
import type { SigningKey } from "../platform/http/signed-url.js";
import { isErrno } from "../platform/storage/errno.js";

export interface Secrets {
  readonly authSecret: string;
  readonly urlSigningKeys: readonly SigningKey[];
}

/** The secrets that are set, and for the others those that were generated at the first start. */
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

/** The caller holds the lock on the data folder. */
async function readOrGenerate(path: string): Promise<Secrets> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as Secrets;
  } catch (error) {
    if (!isErrno(error, "ENOENT"))
      throw new Error(`${path} cannot be read: mend or remove it.`, { cause: error });
  }
  const secret = () => randomBytes(48).toString("base64url");
  const secrets: Secrets = { authSecret: secret(), urlSigningKeys: [{ id: "k1", secret: secret() }] };
  await writeFile(`${path}.new`, JSON.stringify(secrets, null, 2), { mode: 0o600 });
  await rename(`${path}.new`, path);
  return secrets;
}
