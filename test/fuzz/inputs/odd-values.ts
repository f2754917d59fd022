import type { Source } from "../kit/source.js";

/** Texts that end, escape or confuse something somewhere. */
const ODD_TEXTS = [
  "",
  " ",
  "\u0000",
  "a\u0000b",
  "\ud800",
  "\udfff\ud800",
  "a\udc00b",
  "\ufffe\uffff",
  "‮ever",
  "﷽".repeat(100),
  "e\u0301".repeat(50),
  "💥".repeat(64),
  "'; drop table users; --",
  "\\",
  '\\"',
  "%00%0d%0a",
  "..\\..//etc/passwd",
  "__proto__",
  "constructor",
  "null",
  "NaN",
  "-1",
  "1e400",
  "0x10",
  "2026-02-30T25:61:61Z",
  "9999-12-31T23:59:59.999999999Z",
  "-271821-04-20T00:00:00Z",
  "+275760-09-13T00:00:00.001Z",
  "1970-01-01T00:00:00+99:99",
  "00000000-0000-0000-0000-000000000000",
  "ffffffff-ffff-ffff-ffff-ffffffffffff",
  "not-a-uuid-at-all",
  "a@b",
  `${"a".repeat(300)}@${"b".repeat(300)}.test`,
  "%",
  "_%_%",
  "\\%",
  "\t\r\n",
  "{}",
  "[]",
  "&|!:*",
  "<img src=x onerror=alert(1)>",
];

const ODD_NUMBERS = [
  0,
  -0,
  1,
  -1,
  0.1,
  1e-320,
  2 ** 31 - 1,
  2 ** 31,
  -(2 ** 31),
  2 ** 53 - 1,
  2 ** 53,
  -(2 ** 53),
  1e21,
  1e308,
  -1e308,
  Number.MAX_VALUE,
];

export const oddText = (source: Source): string =>
  source.chance(0.1)
    ? source.one(["x", "é", " ", "\n", "💥"]).repeat(source.size(100_000))
    : source.one(ODD_TEXTS);

export const oddNumber = (source: Source): number => source.one(ODD_NUMBERS);

/** Any value that JSON can carry. */
export function oddValue(source: Source, depth = 0): unknown {
  const kind = source.int(0, depth > 3 ? 4 : 8);
  if (kind <= 1) return oddText(source);
  if (kind === 2) return oddNumber(source);
  if (kind === 3) return source.chance(0.5);
  if (kind === 4) return null;
  if (kind === 5)
    return Array.from({ length: source.size(source.chance(0.05) ? 5_000 : 8) }, () =>
      oddValue(source, depth + 2),
    );
  if (kind === 6) return nested(source.size(200));
  return Object.fromEntries(
    Array.from({ length: source.size(6) }, () => [oddText(source).slice(0, 50), oddValue(source, depth + 1)]),
  );
}

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let n = 0; n < depth; n++) value = n % 2 === 0 ? [value] : { a: value };
  return value;
}
