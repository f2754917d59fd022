import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { openLocalSource } from "../../../../src/modules/media/import/local-source.js";

let folder: string;
let base: string;

const read = async (source: string) => {
  const { stream, fileName } = await openLocalSource(base, source);
  return `${fileName}: ${await text(stream)}`;
};

describe("a file in a folder", () => {
  beforeAll(async () => {
    folder = await realpath(await mkdtemp(join(tmpdir(), "filedesk-local-source-")));
    base = join(folder, "uploads");
    await mkdir(join(base, "2019"), { recursive: true });
    await mkdir(join(folder, "uploads-secret"));
    await writeFile(join(base, "2019", "a.txt"), "inside");
    await writeFile(join(folder, "uploads-secret", "b.txt"), "outside");
    await symlink(join(base, "2019", "a.txt"), join(base, "inward.txt"));
    await symlink(join(folder, "uploads-secret", "b.txt"), join(base, "outward.txt"));
    await symlink(join(folder, "uploads-secret"), join(base, "outward"));
    await symlink(join(base, "loop"), join(base, "loop"));
    execFileSync("mkfifo", [join(base, "pipe")]);
  });
  afterAll(() => rm(folder, { recursive: true }));

  it("is read by its path below it, by its whole path, and through a link that stays inside", async () => {
    expect(await read("2019/a.txt")).toBe("a.txt: inside");
    expect(await read(join(base, "2019/a.txt"))).toBe("a.txt: inside");
    expect(await read("./2019//a.txt")).toBe("a.txt: inside");
    expect(await read("inward.txt")).toBe("inward.txt: inside");
  });

  it("is found however its name was composed", async () => {
    for (const [written, asked] of [
      ["Mu\u0308ller.txt", "Müller.txt"],
      ["Größe.txt", "Gro\u0308ße.txt"],
    ] as const) {
      await writeFile(join(base, written), "inside");
      expect(await read(asked)).toBe(`${asked}: inside`);
    }
  });

  it("is found when its folder was composed in one form and its name in another", async () => {
    const mixed = ["Fo\u0308lder/Müller.txt", "Größen/Scho\u0308n.txt"];
    for (const path of mixed) {
      await mkdir(join(base, path, ".."), { recursive: true });
      await writeFile(join(base, path), path);
      expect(await read(path.normalize("NFC"))).toMatch(`: ${path}`);
      expect(await read(path.normalize("NFD"))).toMatch(`: ${path}`);
    }
  });

  it("is found by a path of Windows, unless a name holds the backslash itself", async () => {
    expect(await read("2019\\a.txt")).toBe("a.txt: inside");
    expect(await read(".\\2019\\a.txt")).toBe("a.txt: inside");
    await writeFile(join(base, "b\\c.txt"), "literal");
    expect(await read("b\\c.txt")).toBe("b\\c.txt: literal");
  });

  it.each([
    ["..", "../uploads-secret/b.txt"],
    [".. that comes back", "2019/../2019/a.txt"],
    [".. of Windows", "..\\uploads-secret\\b.txt"],
    [".. between both", "2019\\../..\\uploads-secret/b.txt"],
    ["a link to a file", "outward.txt"],
    ["a link to a folder, of Windows", "outward\\b.txt"],
    ["a whole path of Windows", "\\etc\\passwd"],
    ["a link to a folder", "outward/b.txt"],
    ["a whole path", "/etc/passwd"],
    ["the base folder itself", "."],
    ["a folder", "2019"],
    ["a pipe", "pipe"],
    ["a link to itself", "loop"],
    ["NUL", "2019/a.txt\0.jpg"],
    ["a name that is too long", "a".repeat(300)],
  ])("is not reached by %s (%j)", async (_what, source) => {
    await expect(openLocalSource(base, source)).rejects.toMatchObject({ code: "SOURCE_REFUSED" });
  });

  it("is not reached in a folder whose name only begins like it", async () => {
    await expect(openLocalSource(base, join(folder, "uploads-secret/b.txt"))).rejects.toMatchObject({
      code: "SOURCE_REFUSED",
    });
  });

  it("is not reached as a device", async () => {
    await expect(openLocalSource("/dev", "zero")).rejects.toMatchObject({ code: "SOURCE_REFUSED" });
  });

  it.each(["2019/none.txt", "none/a.txt", "2019/a.txt/b"])("is missing at %s", async (source) => {
    await expect(openLocalSource(base, source)).rejects.toMatchObject({ code: "SOURCE_NOT_FOUND" });
  });
});
