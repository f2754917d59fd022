import { describe, expect, it } from "@jest/globals";
import { legacyPathsOf, readLegacyPath } from "../../../../src/modules/media/legacy/legacy-path.js";

describe("an old address", () => {
  it.each([
    ["/uploads/2019/05/logo.png", "uploads/2019/05/logo.png"],
    ["uploads/2019/05/logo.png", "uploads/2019/05/logo.png"],
    ["https://me@old.example:8080/uploads/a%20b.png#top", "uploads/a b.png"],
    ["\\uploads\\a.png", "uploads/a.png"],
    ["/gr%C3%B6%C3%9Fe.png", "größe.png"],
    ["/gro\u0308ße.png", "größe.png"],
    ["/100%.png", "100%.png"],
    ["/file.php?id=17&name=a%20b", "file.php?id=17&name=a b"],
    ["/x//y.png", "x//y.png"],
  ])("%s is %s", (address, path) => expect(readLegacyPath(address)).toBe(path));

  it.each([
    "",
    "/",
    "https://old.example",
    "/a/../b.png",
    "/./b.png",
    "/..%2fb.png",
    "/..\\b.png",
    "/a%00.png",
    "/a\nb.png",
    `/${"a".repeat(601)}`,
  ])("is not %j", (address) => expect(readLegacyPath(address)).toBeNull());

  it("is asked for with its query, and then without, and in either Unicode form", () => {
    expect(legacyPathsOf("uploads/gro\u0308ße.png", "v=3")).toEqual([
      "uploads/größe.png?v=3",
      "uploads/größe.png",
    ]);
    expect(legacyPathsOf("/a.png", "")).toEqual(["a.png"]);
    expect(legacyPathsOf("a\0.png", "")).toEqual([]);
    expect(legacyPathsOf("100%25.png", "")).toEqual(["100%25.png"]);
  });
});
