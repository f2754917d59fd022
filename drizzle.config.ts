import { defineConfig } from "drizzle-kit";

/** drizzle-kit reads the built tables: its loader does not know the `.js` endings of ES modules in TypeScript. */
export default defineConfig({
  dialect: "postgresql",
  schema: "./dist/**/*.tables.js",
  out: "./drizzle",
});
