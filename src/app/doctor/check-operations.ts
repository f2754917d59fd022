import type { Config } from "../../platform/config/config.js";
import { invalidOperations } from "../../platform/graphql/documents/operation-manifest.js";
import { readOperationsManifest } from "../startup/operations-manifest.js";
import { createSchema } from "../wiring/schema.js";
import type { Check } from "./checks.js";

/** How many operations are named. */
const MOST_NAMED = 10;

/** Checks the persisted operations against the schema; no check if every operation is executed. */
export async function checkOperations(config: Config): Promise<Check[]> {
  const name = "operations";
  try {
    const operations = await readOperationsManifest(config);
    if (operations === null) return [];
    const { introspection, GRAPHQL_DEPTH: maxDepth } = config;
    const invalid = invalidOperations(operations, { schema: await createSchema(), introspection, maxDepth });
    const known = `${operations.length} persisted operations, and no others, are executed`;
    if (invalid.length === 0) return [{ name, state: "ok", detail: known }];
    const named = invalid.slice(0, MOST_NAMED).map((one) => `${one.name} (${one.reason})`);
    const detail = `${known}; ${invalid.length} are not valid and are refused: ${named.join(", ")}`;
    return [{ name, state: "problem", detail }];
  } catch (error) {
    return [{ name, state: "problem", detail: (error as Error).message }];
  }
}
