import { deflateSync } from "node:zlib";
import type { HostileFile } from "./hostile-file.js";
import { hex, repeat } from "./hostile-file.js";

const chunk = (type: string, content: Buffer = Buffer.alloc(0)): Buffer => {
  const header = Buffer.alloc(8);
  header.writeUInt32BE(content.length);
  header.write(type, 4, "latin1");
  return Buffer.concat([header, content, Buffer.alloc(4)]);
};
const PNG = hex("89504e470d0a1a0a");
const IHDR = hex("00000001 00000001 08 00 00 00 00");

/** Directories that are linked from behind to the front, each with one field. */
function tiffOfDirectories(count: number): Buffer {
  const entry = 2 + 12 + 4;
  const bytes = Buffer.alloc(8 + count * entry);
  bytes.write("II*\0", "latin1");
  bytes.writeUInt32LE(8 + (count - 1) * entry, 4);
  for (let page = 0; page < count; page++) {
    const at = 8 + page * entry;
    bytes.writeUInt16LE(1, at);
    bytes.writeUInt16LE(0x100, at + 2);
    bytes.writeUInt32LE(page === 0 ? 0 : at - entry, at + 14);
  }
  return bytes;
}

/** Pictures of more parts than a real one has. */
export const HOSTILE_PICTURES: readonly HostileFile[] = [
  {
    what: "nothing but fill bytes",
    fileName: "a.jpg",
    make: () => Buffer.concat([hex("ffd8ffe0 0002"), repeat(hex("ff"))]),
  },
  {
    what: "coded data of stuffed bytes",
    fileName: "a.jpg",
    make: () => Buffer.concat([hex("ffd8ffe0 0002 ffda 0002"), repeat(hex("ff00"))]),
  },
  {
    what: "segments without content",
    fileName: "a.jpg",
    make: () => Buffer.concat([hex("ffd8"), repeat(hex("ffe00002"))]),
  },
  {
    what: "chunks without content",
    fileName: "a.png",
    make: () => Buffer.concat([PNG, chunk("IHDR", IHDR), repeat(chunk("tEXt"))]),
  },
  {
    what: "a chunk of compressed text",
    fileName: "a.png",
    make: () =>
      Buffer.concat([
        PNG,
        chunk("IHDR", IHDR),
        ...Array.from({ length: 50 }, () =>
          chunk("zTXt", Buffer.concat([Buffer.from("a\0\0"), deflateSync(Buffer.alloc(4_000_000))])),
        ),
        chunk("IEND"),
      ]),
  },
  {
    what: "blocks without content",
    fileName: "a.gif",
    make: () => Buffer.concat([Buffer.from("GIF89a"), hex("01000100000000"), repeat(hex("21fe00"))]),
  },
  {
    what: "sub-blocks of one byte",
    fileName: "a.gif",
    make: () => Buffer.concat([Buffer.from("GIF89a"), hex("01000100000000 21fe"), repeat(hex("0100"))]),
  },
  {
    what: "chunks without content",
    fileName: "a.webp",
    make: () => {
      const chunks = repeat(Buffer.concat([Buffer.from("ABCD"), Buffer.alloc(4)]));
      const header = Buffer.from("RIFF\0\0\0\0WEBP");
      header.writeUInt32LE(4 + chunks.length, 4);
      return Buffer.concat([header, chunks]);
    },
  },
  { what: "directories from behind", fileName: "a.tif", make: () => tiffOfDirectories(50_000) },
];
