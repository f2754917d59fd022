import type { GraphQLSchema } from "graphql";
import { NoSchemaIntrospectionCustomRule, specifiedRules, validate } from "graphql";
import type { OperationList } from "./persisted-operations.js";
import { readDocument, validationOptions } from "./read-document.js";

/** What Apollo's `generate-persisted-query-manifest` writes. */
const FORMAT = "apollo-persisted-query-manifest";
const VERSION = 1;

export interface PersistedOperation {
  /** By default the SHA-256 of the text; a client may choose others. */
  readonly id: string;
  readonly name: string;
  readonly body: string;
}

/** @throws Error that says what is wrong, and with which operation */
export function parseManifest(text: string): PersistedOperation[] {
  let manifest: unknown;
  try {
    manifest = JSON.parse(text);
  } catch (error) {
    throw new Error(`it is not JSON (${(error as Error).message})`, { cause: error });
  }
  const { format, version, operations } = (manifest ?? {}) as Record<string, unknown>;
  if (format !== FORMAT || version !== VERSION)
    throw new Error(
      `its \`format\` is ${JSON.stringify(format)}, version ${JSON.stringify(version)}, where ${JSON.stringify(FORMAT)}, version ${VERSION}, is expected: write it with @apollo/generate-persisted-query-manifest`,
    );
  if (!Array.isArray(operations)) throw new Error("its `operations` are not a list");
  return operations.map((operation, index) => readOperation(operation, index));
}

function readOperation(operation: unknown, index: number): PersistedOperation {
  const { id, name, body } = (operation ?? {}) as Record<string, unknown>;
  if (typeof id !== "string" || id === "") throw new Error(`operation ${index + 1} has no \`id\``);
  if (typeof body !== "string" || body === "")
    throw new Error(`operation ${index + 1} (${typeof name === "string" ? name : id}) has no \`body\``);
  return { id, name: typeof name === "string" ? name : id, body };
}

/** The operations of all manifests by id. @throws Error if two of the same id differ */
export function listOperations(operations: readonly PersistedOperation[]): OperationList {
  const list = new Map<string, string>();
  for (const { id, name, body } of operations) {
    if ((list.get(id) ?? body) !== body)
      throw new Error(`two different operations have the id ${id}; one is named ${name}`);
    list.set(id, body);
  }
  return list;
}

/** An operation of a manifest that this server cannot execute, and why. */
export interface InvalidOperation {
  readonly id: string;
  readonly name: string;
  readonly reason: string;
}

export interface ManifestRules {
  readonly schema: GraphQLSchema;
  readonly introspection: boolean;
  readonly maxDepth: number;
}

/** The operations that would be refused whatever their variables are, for example those of a client that is too old. */
export function invalidOperations(
  operations: readonly PersistedOperation[],
  rules: ManifestRules,
): InvalidOperation[] {
  return operations.flatMap(({ id, name, body }) => {
    const reason = faultOf(body, rules);
    return reason === null ? [] : [{ id, name, reason }];
  });
}

function faultOf(text: string, { schema, introspection, maxDepth }: ManifestRules): string | null {
  try {
    const { document } = readDocument(text, maxDepth);
    const rules = introspection ? specifiedRules : [...specifiedRules, NoSchemaIntrospectionCustomRule];
    // The operator may read suggestions.
    const [error] = validate(schema, document, rules, validationOptions(true));
    return error?.message ?? null;
  } catch (error) {
    return (error as Error).message;
  }
}
