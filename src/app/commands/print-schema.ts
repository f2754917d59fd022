import { writeFile } from "node:fs/promises";
import { printedSchema } from "../wiring/schema.js";

await writeFile("schema.graphql", await printedSchema());
