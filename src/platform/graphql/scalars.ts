import type { ValueNode } from "graphql";
import { GraphQLID, GraphQLScalarType } from "graphql";
import { GraphQLDateTime, GraphQLSafeInt } from "graphql-scalars";
import { GraphQLUpload } from "graphql-upload-ts";
import { normalizeId } from "../../kernel/ids.js";

/**
 * GraphQL's own `ID`, which takes a UUID in capitals for the one that it is. Every id that a client gives, in arguments,
 * inputs and variables, comes in through here, so that whatever compares, stores or announces one may take it as a text.
 * A schema that holds the `ID` of a library as well cannot be built: there is one of each name.
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

/** A count of bytes, which may be over the 2 GiB that GraphQL's own `Int` holds. */
export const ByteCount = GraphQLSafeInt;

/** A file of the multipart request (graphql-multipart-request-spec). */
export const Upload = GraphQLUpload;
