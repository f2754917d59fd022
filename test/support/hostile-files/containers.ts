import type { HostileFile } from "./hostile-file.js";

const SECTOR = 512;

interface Container {
  readonly fatSectors: number;
  readonly directory: number;
  readonly difat: number;
  readonly sectors: readonly Buffer[];
}

/** A compound file whose header says what it is told to; all sectors of its allocation table are the first one. */
function container({ fatSectors, directory, difat, sectors }: Container): Buffer {
  const header = Buffer.alloc(SECTOR);
  header.write("d0cf11e0a1b11ae1", "hex");
  header.writeUInt16LE(9, 30);
  header.writeUInt32LE(fatSectors, 44);
  header.writeUInt32LE(directory, 48);
  header.writeUInt32LE(4_096, 56);
  header.writeUInt32LE(difat, 68);
  return Buffer.concat([header, ...sectors, Buffer.alloc(SECTOR)]);
}

const words = (...values: readonly (readonly [number, number])[]): Buffer => {
  const sector = Buffer.alloc(SECTOR);
  for (const [index, value] of values) sector.writeUInt32LE(value, index * 4);
  return sector;
};

function records(): Buffer {
  const sector = Buffer.alloc(SECTOR);
  for (let at = 0; at < SECTOR; at += 128) {
    sector.write("Root Entry with a long name", at, "utf16le");
    sector.writeUInt16LE(56, at + 64);
    sector[at + 66] = at === 0 ? 5 : 2;
    for (const link of [68, 72, 76]) sector.writeUInt32LE(0xffff_ffff, at + link);
  }
  return sector;
}

/** Legacy Office documents whose tables and directories go round, or are as large as the file. */
export const HOSTILE_CONTAINERS: readonly HostileFile[] = [
  {
    what: "a directory that follows itself",
    fileName: "a.doc",
    make: () =>
      container({ fatSectors: 1, directory: 1, difat: 0, sectors: [words([0, 1], [1, 1]), records()] }),
  },
  {
    what: "an allocation table of one sector, thousands of times",
    fileName: "a.doc",
    make: () =>
      container({
        fatSectors: 32_768,
        directory: 1,
        difat: 2,
        sectors: [words([0, 1], [1, 0xffff_fffe], [2, 2]), records(), words([127, 2])],
      }),
  },
  {
    what: "a directory of a megabyte",
    fileName: "a.msg",
    make: () => {
      const count = 1_900;
      const table = Buffer.alloc(15 * SECTOR);
      for (let index = 0; index < count + 15; index++)
        table.writeUInt32LE(index + 1 < count + 15 ? index + 1 : 0xffff_fffe, index * 4);
      const file = container({
        fatSectors: 15,
        directory: 15,
        difat: 0xffff_fffe,
        sectors: [table, ...Array.from({ length: count }, records)],
      });
      for (let index = 0; index < 15; index++) file.writeUInt32LE(index, 76 + index * 4);
      return file;
    },
  },
];
