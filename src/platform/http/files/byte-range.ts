import type { ByteRange } from "../../storage/storage.js";

/**
 * The range that a `Range` header requests from a file of `size` bytes (RFC 9110 §14.2).
 *
 * `whole`: there is no range to serve, because the header is absent, malformed, in another unit, or names several
 * ranges (for which a server may send the whole file). `unsatisfiable`: no byte of the range exists.
 */
export function parseRange(header: string | undefined, size: number): ByteRange | "whole" | "unsatisfiable" {
  if (header === undefined || size === 0 || !/^bytes=/i.test(header)) return "whole";
  const ranges = header
    .slice("bytes=".length)
    .split(",")
    .map((range) => range.trim())
    .filter((range) => range !== "");
  const [, first = "", last = ""] = /^(\d*)-(\d*)$/.exec(ranges[0] ?? "") ?? [];
  if (ranges.length !== 1 || (first === "" && last === "")) return "whole";

  if (first === "") {
    const suffix = Number(last);
    return suffix === 0 ? "unsatisfiable" : { start: Math.max(0, size - suffix), end: size - 1 };
  }
  const start = Number(first);
  const end = last === "" ? size - 1 : Number(last);
  if (end < start && last !== "") return "whole";
  return start >= size ? "unsatisfiable" : { start, end: Math.min(end, size - 1) };
}
