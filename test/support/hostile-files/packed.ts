import { gzipSync } from "node:zlib";
import type { HostileFile } from "./hostile-file.js";
import { hex, repeat } from "./hostile-file.js";

/** What is packed and not looked into. */
export const HOSTILE_ARCHIVES: readonly HostileFile[] = [
  {
    what: "a bomb",
    fileName: "a.gz",
    make: () => gzipSync(Buffer.alloc(128_000_000), { level: 9 }),
  },
  {
    what: "members without content",
    fileName: "a.tar.gz",
    make: () => repeat(gzipSync(Buffer.alloc(0))),
  },
  {
    what: "an archive of nothing",
    fileName: "a.7z",
    make: () => Buffer.concat([hex("377abcaf271c0004"), repeat(hex("00"))]),
  },
];
