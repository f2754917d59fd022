import { writeFile } from "node:fs/promises";
import { lexicographicSortSchema, printSchema } from "graphql";
import { createSchema } from "./schema.js";

const HEADER = "# Made by `npm run generate` from the resolvers in src/. Do not edit.\n\n";

await writeFile("schema.graphql", `${HEADER}${printSchema(lexicographicSortSchema(await createSchema()))}\n`);
