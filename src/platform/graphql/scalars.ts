import { GraphQLDateTime, GraphQLSafeInt } from "graphql-scalars";
import { GraphQLUpload } from "graphql-upload-ts";

/** A moment, as an RFC 3339 text in UTC. */
export const DateTime = GraphQLDateTime;

/** A count of bytes, which may be over the 2 GiB that GraphQL's own `Int` holds. */
export const ByteCount = GraphQLSafeInt;

/** A file of the multipart request (graphql-multipart-request-spec). */
export const Upload = GraphQLUpload;
