import type { HostileFile } from "./hostile-file.js";
import { repeat } from "./hostile-file.js";

function box(type: string, ...content: readonly Buffer[]): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt32BE(8 + content.reduce((sum, part) => sum + part.length, 0));
  header.write(type, 4, "latin1");
  return Buffer.concat([header, ...content]);
}

const brand = (name: string) => box("ftyp", Buffer.from(`${name}\0\0\0\0${name}`, "latin1"));
const unit = (name: string) => Buffer.from(`\0\0\0\0${name}`, "latin1");
const movie = (content: Buffer, name = "isom") => Buffer.concat([brand(name), box("moov", content)]);

/** Clips and recordings of boxes, and a still image. */
export const HOSTILE_MOVIES: readonly HostileFile[] = [
  {
    what: "an index of tables in tables (stts)",
    fileName: "a.mp4",
    make: () => movie(repeat(unit("stts"), 120_000)),
  },
  {
    what: "an index of tables in tables (stsc)",
    fileName: "a.mp4",
    make: () => movie(repeat(unit("stsc"), 120_000)),
  },
  {
    what: "an index of empty tables",
    fileName: "a.mp4",
    make: () => movie(repeat(Buffer.concat([unit("stts"), Buffer.alloc(4)]))),
  },
  {
    what: "the same of a megabyte",
    fileName: "a.mp4",
    make: () => movie(repeat(unit("stts"))),
  },
  {
    what: "the same without a brand",
    fileName: "a.mov",
    make: () => box("moov", repeat(unit("stts"))),
  },
  {
    what: "the same in a recording",
    fileName: "a.m4a",
    make: () => movie(repeat(unit("stsc")), "M4A "),
  },
  {
    what: "an index of empty tracks",
    fileName: "a.mp4",
    make: () => movie(repeat(box("trak"))),
  },
  {
    what: "a track of empty handlers",
    fileName: "a.mp4",
    make: () => movie(box("trak", box("mdia", repeat(box("hdlr"))))),
  },
  {
    what: "runs of fragments that count nothing",
    fileName: "a.mp4",
    make: () => Buffer.concat([movie(box("mvex")), box("mdat", repeat(unit("trun")))]),
  },
  {
    what: "boxes without content",
    fileName: "a.mp4",
    make: () => Buffer.concat([movie(Buffer.alloc(0)), repeat(box("free"))]),
  },
  {
    what: "a still image of boxes",
    fileName: "a.heic",
    make: () => Buffer.concat([brand("heic"), box("meta", repeat(unit("ispe")))]),
  },
];
