import { describe, expect, it } from "@jest/globals";
import { decodeCursor, encodeCursor, pageRequest, toPage } from "../../src/kernel/pagination.js";

describe("paging arguments", () => {
  it("gives 20 items where nothing is said, and up to 100", () => {
    expect(pageRequest({})).toEqual({ limit: 20, direction: "forward", from: null });
    expect(pageRequest({ first: 100 }).limit).toBe(100);
    expect(pageRequest({ last: 5 })).toEqual({ limit: 5, direction: "backward", from: null });
  });

  it.each([
    [{ first: 101 }, "0 to 100"],
    [{ first: -1 }, "0 to 100"],
    [{ last: 101 }, "0 to 100"],
    [{ first: 1, last: 1 }, "not both"],
    [{ after: "a", before: "b" }, "not both"],
    [{ last: 1, after: "a" }, "`last` goes with `before`"],
    [{ first: 1, before: "a" }, "`first` goes with `after`"],
    [{ after: "nonsense" }, "does not belong to this list"],
    [{ after: encodeCursor(["only one"]) }, "does not belong to this list"],
    [{ after: Buffer.from('[{"a":1},"b"]').toString("base64url") }, "does not belong to this list"],
  ])("refuses %j in words", (args, words) => {
    expect(() => pageRequest(args)).toThrow(
      expect.objectContaining({ code: "BAD_USER_INPUT", message: expect.stringContaining(words) }),
    );
  });

  it("makes cursors that survive the way through a client", () => {
    const position = ["2026-11-21T07:00:00.123Z", "01a1fd0e-0975-709b-a055-97e2dd74481d"];
    expect(decodeCursor(encodeCursor(position), 2)).toEqual(position);
  });

  it("decodes cursors of the longest file names, and refuses longer ones before it decodes them", () => {
    const position = ["\u20ac".repeat(255), "😀".repeat(255), "01a1fd0e-0975-709b-a055-97e2dd74481d"];
    expect(decodeCursor(encodeCursor(position), 3)).toEqual(position);
    // It is one of a list: but for its length, it would be taken.
    expect(() => decodeCursor(encodeCursor(["x".repeat(4_000), "y"]), 2)).toThrow(
      "does not belong to this list",
    );
  });
});

describe("a page", () => {
  const from = ["x", "y"];

  it("knows by the one row too many whether another follows", () => {
    expect(toPage({ limit: 2, direction: "forward", from: null }, [1, 2, 3])).toEqual({
      rows: [1, 2],
      hasNextPage: true,
      hasPreviousPage: false,
    });
    expect(toPage({ limit: 2, direction: "forward", from }, [1, 2])).toEqual({
      rows: [1, 2],
      hasNextPage: false,
      hasPreviousPage: true,
    });
  });

  it("stands in the list's order when it was read backward", () => {
    expect(toPage({ limit: 2, direction: "backward", from }, [9, 8, 7])).toEqual({
      rows: [8, 9],
      hasNextPage: true,
      hasPreviousPage: true,
    });
  });
});
