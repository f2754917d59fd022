import { readFileSync } from "node:fs";
import type { GraphQLField, GraphQLOutputType, GraphQLSchema } from "graphql";
import { buildSchema, getNamedType, isAbstractType, isCompositeType, isLeafType } from "graphql";
import type { GraphQLAnswer } from "./test-client.js";
import { bearer } from "./test-client.js";

/** The schema as it is published. */
export const publishedSchema: GraphQLSchema = buildSchema(readFileSync("schema.graphql", "utf8"));

export type RootType = "Query" | "Mutation" | "Subscription";
type Arguments = Readonly<Record<string, unknown>>;

/** A field of a root type with all its arguments as variables; of an object, what needs no arguments and leads nowhere. */
export function operationOn(rootType: RootType, name: string, args: Arguments): string {
  const field = publishedSchema.getType(rootType)!.toConfig() as { fields?: Record<string, unknown> };
  const { args: declared = {}, type } = field.fields![name] as {
    args?: Record<string, { type: unknown }>;
    type: GraphQLOutputType;
  };
  const given = Object.keys(args);
  const variables = given.map((arg) => `$${arg}: ${declared[arg]?.type}`).join(", ");
  const passed = given.map((arg) => `${arg}: $${arg}`).join(", ");
  const head = `${rootType.toLowerCase()} ${variables && `(${variables})`}`;
  return `${head} { told: ${name}${passed && `(${passed})`} ${selectionOf(type)} }`;
}

function selectionOf(type: GraphQLOutputType): string {
  const named = getNamedType(type);
  if (!isCompositeType(named)) return "";
  if (isAbstractType(named)) return named.name === "Post" ? "{ __typename id }" : "{ __typename }";
  const fields = Object.values(named.getFields());
  const leaves = fields.filter((field) => isLeafType(getNamedType(field.type)) && needsNothing(field));
  return `{ __typename ${leaves.map(({ name }) => name).join(" ")} }`;
}

const needsNothing = (field: GraphQLField<unknown, unknown>) => field.args.length === 0;

/** One operation and its answer as it came; files among the variables go along as parts of a multipart request. */
export async function postOperation(
  url: string,
  query: string,
  variables: Arguments,
  token?: string,
): Promise<GraphQLAnswer<{ told: unknown }>> {
  const files: { file: File; path: string }[] = [];
  const withoutFiles = (value: unknown, path: string): unknown => {
    if (value instanceof File) files.push({ file: value, path });
    if (value instanceof File || value === undefined) return null;
    if (Array.isArray(value)) return value.map((each, index) => withoutFiles(each, `${path}.${index}`));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, each]) => [key, withoutFiles(each, `${path}.${key}`)]),
    );
  };
  const operations = JSON.stringify({ query, variables: withoutFiles(variables, "variables") });
  const form = new FormData();
  form.append("operations", operations);
  form.append("map", JSON.stringify(Object.fromEntries(files.map(({ path }, index) => [index, [path]]))));
  for (const [index, { file }] of files.entries()) form.append(String(index), file, file.name);
  const response = await fetch(`${url}/graphql`, {
    method: "POST",
    headers: {
      "apollo-require-preflight": "true",
      ...(files.length === 0 && { "content-type": "application/json" }),
      ...bearer(token),
    },
    body: files.length === 0 ? operations : form,
  });
  const body = JSON.parse(await response.text()) as Pick<GraphQLAnswer<{ told: unknown }>, "data" | "errors">;
  return { status: response.status, headers: response.headers, ...body };
}
