import { readdirSync } from "node:fs";
import { defineConfig } from "drizzle-kit";

/**
 * drizzle-kit reads the built tables: its loader does not know the `.js` endings of ES modules in TypeScript. Only those
 * with a source: a table that was moved stays behind in `dist/`.
 */
const schema = readdirSync("src", { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".tables.ts"))
  .map((file) => `./dist/${file.replace(/\.ts$/, ".js")}`);

export default defineConfig({ dialect: "postgresql", schema, out: "./drizzle" });
