import { describe, expect, it } from "@jest/globals";
import { exceededLimit, JSON_LIMITS } from "../../../src/platform/http/json-limits.js";

const { nesting, values } = JSON_LIMITS;
const nested = (levels: number) => `${"[".repeat(levels)}${"]".repeat(levels)}`;
const listOf = (count: number) => JSON.stringify(Array.from({ length: count }, () => 0));
const objectOf = (count: number) =>
  JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, n) => [`k${n}`, n])));

describe("The limits of JSON", () => {
  it.each([
    ["lists in one another", nested(nesting)],
    ["objects in one another", `${'{"a":'.repeat(nesting)}1${"}".repeat(nesting)}`],
    ["brackets in texts", JSON.stringify({ a: nested(9_000), b: '"[\\"{'.repeat(9_000) })],
    ["a text that ends in backslashes", JSON.stringify(["\\\\", nested(100)])],
    ["items of a list", listOf(values)],
    ["fields of an object", objectOf(values)],
    ["commas in a text", JSON.stringify(",".repeat(9_000))],
    ["many small lists", `[${Array.from({ length: values / 2 }, () => "[]").join()}]`],
    ["a text without an end", `"${"[,".repeat(9_000)}`],
    ["no text at all", ""],
  ])("allow %s", (_what, json) => {
    expect(exceededLimit(json)).toBeNull();
  });

  it.each([
    ["lists in one another", nested(nesting + 1), nesting],
    ["lists that nobody closes", "[".repeat(500_000), nesting],
    ["objects in one another", '{"a":'.repeat(nesting + 1), nesting],
    ["lists behind a text with a quotation mark", `["\\"",${nested(nesting)}]`, nesting],
    ["items of a list", listOf(values + 1), values],
    ["fields of an object", objectOf(values + 1), values],
    ["many small lists", `[${Array.from({ length: values }, () => "[]").join()}]`, values],
  ])("refuse too many %s", (_what, json, limit) => {
    expect(exceededLimit(json)).toMatchObject({ limit });
  });
});
