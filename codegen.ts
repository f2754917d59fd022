import type { CodegenConfig } from "@graphql-codegen/cli";

/**
 * Typed documents of the operations in test/operations, for the tests' Apollo Client. `npm run generate:operations`
 * makes them from schema.graphql, which `npm run generate:schema` makes from the resolvers.
 */
const config: CodegenConfig = {
  schema: "schema.graphql",
  documents: "test/operations/*.graphql",
  generates: {
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
