import { readFile } from "node:fs/promises";
import { describe, expect, it } from "@jest/globals";
import { printedSchema } from "../src/app/wiring/schema.js";
import { settings } from "../src/platform/config/settings.js";

describe("what is written down", () => {
  it("schema.graphql is what the resolvers say (`npm run generate` writes it)", async () => {
    expect(await readFile("schema.graphql", "utf8")).toBe(await printedSchema());
  });

  it(".env.example lists every setting, and nothing else", async () => {
    const example = await readFile(".env.example", "utf8");
    const listed = [...example.matchAll(/^#? ?([A-Z][A-Z0-9_]+)=/gm)].map((match) => match[1]);
    expect(listed.sort()).toEqual(Object.keys(settings).sort());
  });

  it("docs/settings.md lists every setting", async () => {
    const page = await readFile("docs/settings.md", "utf8");
    const missing = Object.keys(settings).filter((name) => !page.includes(`\`${name}\``));
    expect(missing).toEqual([]);
  });

  it.each(["docs/settings.md", ".env.example"])(
    "%s describes every setting in the words of the code",
    async (file) => {
      const text = await readFile(file, "utf8");
      const missing = Object.values(settings).filter(({ desc = "" }) => !text.includes(desc));
      expect(missing).toEqual([]);
    },
  );

  it.each(["compose.yaml", "compose.cluster.yaml"])("%s sets nothing that is no setting", async (file) => {
    const text = await readFile(file, "utf8");
    const set = [...text.matchAll(/^ +([A-Z][A-Z0-9_]+): /gm)].map((match) => match[1]!);
    const ofOthers =
      /^(POSTGRES_(USER|PASSWORD|DB|SERVER_PASSWORD)|AWS_(ACCESS_KEY_ID|SECRET_ACCESS_KEY|REGION)|ROOT_(ACCESS|SECRET)_KEY)$/;
    const unknown = set.filter((name) => !(name in settings) && !ofOthers.test(name));
    expect(unknown).toEqual([]);
  });

  it("every type, field and argument of the schema is described", async () => {
    const lines = (await printedSchema()).split("\n");
    const bare = lines.filter((line, index) => {
      const isDefinition =
        /^(type (?!Query|Mutation|Subscription)|input |enum |scalar )\w+|^ {2}\w+(\(.*\))?: /.test(line);
      return isDefinition && !/"""$/.test(lines[index - 1]?.trim() ?? "");
    });
    expect(bare).toEqual([]);
  });
});
