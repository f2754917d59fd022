import { join } from "node:path";
import type { Plugin } from "esbuild";
import { build } from "esbuild";

/** An example as a function of what it takes to be there. */
export interface BundledRecipe {
  readonly code: string;
  readonly takes: readonly string[];
}

/**
 * A script for a page with all that it imports, as a bundler makes it.
 * @param entry a file that imports examples as `recipe:<name>`, each an `async` function
 */
export async function bundleRecipes(
  entry: string,
  recipes: Readonly<Record<string, BundledRecipe>>,
): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    logLevel: "error",
    plugins: [examples(recipes)],
  });
  return outputFiles[0]!.text;
}

const examples = (recipes: Readonly<Record<string, BundledRecipe>>): Plugin => ({
  name: "examples",
  setup(bundler) {
    bundler.onResolve({ filter: /^recipe:/ }, ({ path }) => ({ path: path.slice(7), namespace: "recipe" }));
    bundler.onLoad({ filter: /./, namespace: "recipe" }, ({ path }) => ({
      contents: asFunction(recipes[path]!),
      resolveDir: process.cwd(),
    }));
    // Where apps copy it to.
    bundler.onResolve({ filter: /^\.\/filedesk\// }, ({ path }) => ({
      path: join(process.cwd(), "clients", "apollo", `${path.slice("./filedesk/".length)}.ts`),
    }));
  },
});

function asFunction({ code, takes }: BundledRecipe): string {
  const lines = code.split("\n");
  const imports = lines.filter((line) => line.startsWith("import "));
  const others = lines.filter((line) => !imports.includes(line));
  return [...imports, `export default async ({ ${takes.join(", ")} }) => {`, ...others, "};"].join("\n");
}
