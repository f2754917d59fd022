import { readFile } from "node:fs/promises";
import type { Config } from "../../platform/config/config.js";
import type {
  ManifestRules,
  PersistedOperation,
} from "../../platform/graphql/documents/operation-manifest.js";
import {
  invalidOperations,
  listOperations,
  parseManifest,
} from "../../platform/graphql/documents/operation-manifest.js";
import type { FindOperation } from "../../platform/graphql/documents/persisted-operations.js";
import { findInList } from "../../platform/graphql/documents/persisted-operations.js";

/**
 * How operations are found; null if every text is executed. Those of a manifest that are not valid are logged and
 * refused when they are sent: an old version of a client must not stop the server for all others.
 *
 * @throws as `readOperationsManifest`
 */
export async function openOperations(
  config: Pick<Config, "OPERATIONS" | "OPERATIONS_MANIFEST">,
  rules: ManifestRules,
  log: { warn(details: object, message: string): void },
): Promise<FindOperation | null> {
  const operations = await readOperationsManifest(config);
  if (operations === null) return null;
  for (const { name, id, reason } of invalidOperations(operations, rules))
    log.warn({ operation: name, id, reason }, "a persisted operation is not valid, and is refused");
  return findInList(listOperations(operations));
}

/**
 * The operations of the manifests, if no others are executed; null if any are.
 *
 * @throws Error with the file and the reason if one cannot be read, is no manifest, or two contradict each other
 */
export async function readOperationsManifest({
  OPERATIONS,
  OPERATIONS_MANIFEST,
}: Pick<Config, "OPERATIONS" | "OPERATIONS_MANIFEST">): Promise<PersistedOperation[] | null> {
  if (OPERATIONS !== "persisted") return null;
  const operations: PersistedOperation[] = [];
  for (const path of OPERATIONS_MANIFEST)
    try {
      operations.push(...parseManifest(await readFile(path, "utf8")));
      listOperations(operations);
    } catch (error) {
      throw new Error(`OPERATIONS_MANIFEST: ${path} cannot be used: ${(error as Error).message}.`, {
        cause: error,
      });
    }
  return operations;
}
