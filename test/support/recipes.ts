import { spawn } from "node:child_process";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { pathToFileURL } from "node:url";
import { transform } from "@swc/core";

/** Where examples are run: beside the packages that they import. */
const FOLDER = join("node_modules", ".cache", "filedesk-recipes");

/** The example in a page of the documentation that has this text in it, without its types. */
export async function recipeIn(page: string, text: string): Promise<string> {
  const blocks = [...(await readFile(page, "utf8")).matchAll(/^```ts\n(.*?)^```$/gms)].map(
    ([, block]) => block!,
  );
  const [found, ...others] = blocks.filter((block) => block.includes(text));
  if (!found || others.length > 0) throw new Error(`${page} has no one example with ${text}`);
  const { code } = await transform(found, {
    jsc: { target: "es2022", parser: { syntax: "typescript" }, transform: { verbatimModuleSyntax: true } },
    module: { type: "es6" },
    isModule: true,
  });
  return code;
}

export interface RecipeRun {
  readonly code: string;
  /** What the example takes to be there, as JSON. */
  readonly given: Readonly<Record<string, unknown>>;
  /** What comes before the example, and uses what is given. */
  readonly before?: string;
  /** An expression: what is told of it in the end. */
  readonly told: string;
  /** Another package in the place of one that is imported, with all that is in it. */
  readonly instead?: Readonly<Record<string, string>>;
}

/** Runs an example in a Node of its own. @returns what it told */
export async function runRecipe({
  code,
  given,
  before = "",
  told,
  instead = {},
}: RecipeRun): Promise<unknown> {
  const folder = join(FOLDER, String(process.pid));
  await mkdir(folder, { recursive: true });
  const file = join(folder, "recipe.mjs");
  const values = Object.entries(given).map(([name, value]) => `const ${name} = ${JSON.stringify(value)};`);
  await writeFile(file, [...values, before, code, `console.log(JSON.stringify(${told}));`].join("\n"));
  const hooks = `import { register } from "node:module"; register(${JSON.stringify(asModule(resolving(instead)))});`;
  const child = spawn(process.execPath, [
    "--no-warnings",
    ...["--import", asModule(hooks), "--import", asModule(requiring(instead))],
    file,
  ]);
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  await rm(folder, { recursive: true, force: true });
  if (out === "") throw new Error(err);
  return JSON.parse(out);
}

const asModule = (code: string) => `data:text/javascript,${encodeURIComponent(code)}`;

/** For `import`, and for `require`, which goes its own way. */
const resolving = (instead: Readonly<Record<string, string>>) => `
const root = ${JSON.stringify(pathToFileURL("package.json").href)};
${replacing(instead)}
export async function resolve(name, context, next) {
  const other = replaced(name);
  if (other === name) return next(name, context);
  const fromRoot = { ...context, parentURL: root };
  // What a bundler finds, Node is shown.
  return next(other, fromRoot).catch(() => next(other + "/index.js", fromRoot));
}`;

const requiring = (instead: Readonly<Record<string, string>>) => `
import Module from "node:module";
${replacing(instead)}
const find = Module._resolveFilename;
Module._resolveFilename = (name, ...rest) => find.call(Module, replaced(name), ...rest);`;

const replacing = (instead: Readonly<Record<string, string>>) => `
const instead = ${JSON.stringify(Object.entries(instead))};
function replaced(name) {
  for (const [from, to] of instead)
    if (name === from || name.startsWith(from + "/")) return to + name.slice(from.length);
  return name;
}`;
