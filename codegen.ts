import { readFileSync } from "node:fs";
import type { CodegenConfig } from "@graphql-codegen/cli";
import { buildSchema, GraphQLNonNull, isNonNullType, printSchema } from "graphql";

/**
 * The schema as it is for who has been told of no error: a mutation is null only where it failed, and then Apollo Client
 * gives the error in the place of the data.
 */
function schemaWithoutErrors(): string {
  const schema = buildSchema(readFileSync("schema.graphql", "utf8"));
  for (const field of Object.values(schema.getMutationType()?.getFields() ?? {}))
    if (!isNonNullType(field.type)) field.type = new GraphQLNonNull(field.type);
  return printSchema(schema);
}

/**
 * Typed documents of the operations in test/operations, for the tests' Apollo Client, and the types that interfaces and
 * unions stand for, for everybody's. `npm run generate:operations` makes them from schema.graphql, which
 * `npm run generate:schema` makes from the resolvers.
 */
const config: CodegenConfig = {
  schema: schemaWithoutErrors(),
  documents: "test/operations/*.graphql",
  generates: {
    "clients/apollo/possible-types.ts": { plugins: ["fragment-matcher"] },
    "test/support/generated/operations.ts": {
      // `typescript-operations` declares the schema's types that the operations use by itself.
      plugins: ["typescript-operations", "typed-document-node"],
      config: {
        documentNodeImport: "@apollo/client#TypedDocumentNode",
        useTypeImports: true,
        arrayInputCoercion: false,
        scalars: { DateTime: "string", SafeInt: "number", Upload: "File" },
      },
    },
  },
};

export default config;
