import { randomBytes, randomUUID } from "node:crypto";
import { chown, open, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { USE_ANOTHER_POSTGRES } from "./binaries.js";
import type { ProcessBinding } from "./bound-process.js";
import { ended, spawnBound } from "./bound-process.js";

/** A database cluster on disk, and the password of its roles. */
export interface Cluster {
  readonly folder: string;
  readonly password: string;
}

export const SUPERUSER = "postgres";
const UNFINISHED = "cluster.unfinished-";

/**
 * The cluster in this folder, created on first use. It gets its name only when it is complete; an incomplete one is
 * deleted and created again.
 *
 * @throws Error with the output of `initdb`
 */
export async function openCluster(folder: string, binding: ProcessBinding, initdb: string): Promise<Cluster> {
  await removeUnfinished(folder);
  const found = await readCluster(folder);
  if (found) return found;
  const { cluster, passwordFile } = pathsIn(folder);

  // A unique name, because an interrupted `initdb` may still be removing its files.
  const unfinished = join(folder, `${UNFINISHED}${randomUUID()}`);
  const password = randomBytes(24).toString("hex");
  await writeFile(passwordFile, password, { mode: 0o600, flush: true });
  if (binding.account) await chown(passwordFile, binding.account.uid, binding.account.gid);
  await runInitdb(binding, initdb, [
    `--pgdata=${unfinished}`,
    `--username=${SUPERUSER}`,
    `--pwfile=${passwordFile}`,
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    // Postgres' builtin C.UTF-8 supports Unicode case mapping and needs no locale of the machine.
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--locale=C",
    "--no-instructions",
  ]);
  await rename(unfinished, cluster);
  await flushFolder(folder);
  return { folder: cluster, password };
}

/** The complete cluster in this folder, or null. */
export async function readCluster(folder: string): Promise<Cluster | null> {
  const { cluster, passwordFile } = pathsIn(folder);
  const names: string[] = await readdir(folder).catch(() => []);
  if (!names.includes("cluster")) return null;
  return { folder: cluster, password: await readFile(passwordFile, "utf8") };
}

const pathsIn = (folder: string) => ({
  cluster: join(folder, "cluster"),
  passwordFile: join(folder, "password"),
});

async function removeUnfinished(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (name.startsWith(UNFINISHED))
      await rm(join(folder, name), { recursive: true, force: true, maxRetries: 10 });
  }
}

async function runInitdb(binding: ProcessBinding, initdb: string, args: readonly string[]): Promise<void> {
  const child = spawnBound(binding, initdb, args);
  let output = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  const result = await ended(child);
  if (result !== "0")
    throw new Error(
      `The embedded Postgres could not be set up (initdb: ${result}). ${output.trim()} ${USE_ANOTHER_POSTGRES}`,
    );
}

async function flushFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  await handle.sync().finally(() => handle.close());
}
