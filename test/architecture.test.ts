import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { cyclesOfFolders } from "./support/folder-cycles.js";

const run = promisify(execFile);
const cruiser = resolve("node_modules/dependency-cruiser/bin/dependency-cruise.mjs");
const rules = resolve(".dependency-cruiser.js");

/** What the rule checker says of a source tree: its exit code and its words. */
async function cruise(folder: string): Promise<{ code: number; output: string }> {
  try {
    const { stdout } = await run(process.execPath, [cruiser, "--config", rules, "src"], { cwd: folder });
    return { code: 0, output: stdout };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, output: stdout + stderr };
  }
}

describe("the project layout", () => {
  let planted: string | undefined;

  afterEach(async () => {
    if (planted) await rm(planted, { recursive: true, force: true });
    planted = undefined;
  });

  async function plant(files: Readonly<Record<string, string>>): Promise<string> {
    planted = await mkdtemp(join(tmpdir(), "filedesk-layout-"));
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(planted, path)), { recursive: true });
      await writeFile(join(planted, path), text);
    }
    return planted;
  }

  it("imports only downward, without cycles between files or folders", async () => {
    const { code, output } = await cruise(".");
    expect(output).toMatch(/no dependency violations found/);
    expect(code).toBe(0);
  });

  describe("the rules of imports", () => {
    const forbidden = [
      ["kernel-is-pure", "src/kernel/a.ts", "../platform/b.js", "src/platform/b.ts"],
      [
        "platform-has-no-business-words",
        "src/platform/a.ts",
        "../modules/media/b.js",
        "src/modules/media/b.ts",
      ],
      ["modules-do-not-know-the-app", "src/modules/media/a.ts", "../../app/b.js", "src/app/b.ts"],
      ["modules-are-ordered", "src/modules/identity/a.ts", "../media/c.js", "src/modules/media/c.ts"],
      ["modules-are-ordered", "src/modules/attachments/a.ts", "../tickets/b.js", "src/modules/tickets/b.ts"],
      ["modules-are-ordered", "src/modules/identity/d.ts", "../webhooks/b.js", "src/modules/webhooks/b.ts"],
      ["modules-are-ordered", "src/modules/webhooks/c.ts", "../tickets/b.js", "src/modules/tickets/b.ts"],
      [
        "services-record-events",
        "src/modules/media/a.audit.ts",
        "./b.events.js",
        "src/modules/media/b.events.ts",
      ],
    ] as const;
    let said = "";

    // One run of the checker for all that is planted: loading it takes most of its time.
    beforeAll(async () => {
      const imports = forbidden.flatMap(([, from, specifier, to]) => [
        [from, `import type { B } from "${specifier}";\nexport type A = B;\n`],
        [to, "export type B = string;\n"],
      ]);
      const folder = await plant({
        ...Object.fromEntries(imports),
        "src/platform/http/a.ts": 'import { d } from "../storage/d.js";\nexport const a = d;\n',
        "src/platform/http/b.ts": "export const b = 1;\n",
        "src/platform/storage/c.ts": 'import { b } from "../http/b.js";\nexport const c = b;\n',
        "src/platform/storage/d.ts": "export const d = 2;\n",
      });
      const { code, output } = await cruise(folder);
      expect(code).toBeGreaterThan(0);
      said = output;
    });

    it.each(forbidden)("%s: refuses even a type that %s imports from %s", (rule, from, _specifier, to) => {
      expect(said).toContain(`${rule}: ${from} → ${to}`);
    });

    it("refuse a cycle between folders that is none between files", () => {
      expect(said).toMatch(/no-cycles-between-folders: src\/platform\/(http|storage) →/);
    });
  });

  it("has no cycle between a folder and its own subfolders", async () => {
    expect(await cyclesOfFolders(resolve("src"))).toEqual([]);
  });

  it.each([
    ["a child that imports its parent's file", { "app/a.ts": "./b/c.js", "app/b/d.ts": "../e.js" }],
    ["a cycle of three", { "x/a.ts": "../y/b.js", "y/c.ts": "../y/z/d.js", "y/z/e.ts": "../../x/f.js" }],
  ])("sees %s", async (_what, imports) => {
    const files = Object.entries(imports).flatMap(([file, specifier]) => {
      const imported = join(dirname(file), specifier.replace(/\.js$/, ".ts"));
      return [
        [`src/${file}`, `import type { A } from "${specifier}";\nexport type B = A;\n`],
        [`src/${imported}`, "export type A = string;\n"],
      ];
    });
    const folder = await plant(Object.fromEntries(files));
    expect(await cyclesOfFolders(join(folder, "src"))).toHaveLength(1);
  });
});

describe("the suites", () => {
  const root = resolve("test");

  async function importedBySuites(): Promise<string[]> {
    const names = (await readdir(join(root, "suites"))).filter((name) => name.endsWith(".suite.ts"));
    const texts = await Promise.all(names.map((name) => readFile(join(root, "suites", name), "utf8")));
    return texts.flatMap((text) =>
      [...text.matchAll(/^import "(.*)\.js";$/gm)].map(([, path = ""]) => join("suites", `${path}.ts`)),
    );
  }

  it("run every file of tests once", async () => {
    const files = (await readdir(root, { recursive: true })).filter((name) => name.endsWith(".test.ts"));
    expect(files.length).toBeGreaterThan(100);
    expect((await importedBySuites()).sort()).toEqual(files.sort());
  });
});
