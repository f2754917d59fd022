import type { HostileFile } from "./hostile-file.js";
import { hex, repeat } from "./hostile-file.js";

/** Recordings, and a video of elements. */
export const HOSTILE_SOUNDS: readonly HostileFile[] = [
  {
    what: "pages without content",
    fileName: "a.ogg",
    make: () => {
      const page = Buffer.concat([Buffer.from("OggS"), Buffer.alloc(23)]);
      const first = Buffer.concat([page.subarray(0, 26), hex("0108"), Buffer.from("OpusHead")]);
      return Buffer.concat([first, repeat(page)]);
    },
  },
  {
    what: "frames of one byte",
    fileName: "a.amr",
    make: () => Buffer.concat([Buffer.from("#!AMR\n"), repeat(hex("78"))]),
  },
  {
    what: "marks of an ID3 tag",
    fileName: "a.mp3",
    make: () => Buffer.concat([hex("fffb9064"), Buffer.alloc(413), repeat("<")]),
  },
  {
    what: "elements without content",
    fileName: "a.webm",
    make: () =>
      Buffer.concat([
        hex("1a45dfa3 87 4282 84 7765626d"),
        hex("18538067 01ffffffffffffff"),
        repeat(hex("ec80")),
      ]),
  },
];
