import type { ValueNode } from "graphql";
import { GraphQLID, GraphQLScalarType } from "graphql";
import { GraphQLDateTime, GraphQLJSONObject, GraphQLSafeInt } from "graphql-scalars";
import { GraphQLUpload } from "graphql-upload-ts";
import { normalizeId } from "../../kernel/ids.js";

/**
 * GraphQL's `ID`, which normalizes a UUID in capitals to lower case. All ids in arguments, inputs and variables pass
 * through it, so that other code can compare ids as texts. A schema that also contains the `ID` of a library cannot be
 * built, because type names are unique.
 */
export const ID = new GraphQLScalarType<string, string>({
  name: GraphQLID.name,
  description: GraphQLID.description,
  serialize: GraphQLID.serialize,
  parseValue: (value) => normalizeId(GraphQLID.parseValue(value)),
  parseLiteral: (node: ValueNode, variables) => normalizeId(GraphQLID.parseLiteral(node, variables)),
});

/** A moment, as an RFC 3339 text in UTC. */
export const DateTime = GraphQLDateTime;

/** A number of bytes, which may exceed the 32 bits of GraphQL's `Int`. */
export const ByteCount = GraphQLSafeInt;

/** An object whose properties the schema does not know. */
export const JSONObject = GraphQLJSONObject;

/** A file of the multipart request (graphql-multipart-request-spec). */
export const Upload = GraphQLUpload;
