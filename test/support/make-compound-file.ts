export interface CompoundNode {
  readonly name: string;
  /** A stream; what has none is a storage. */
  readonly content?: Buffer;
  readonly children?: readonly CompoundNode[];
}

const SECTOR = 512;
const END_OF_CHAIN = 0xfffffffe;
const FAT_SECTOR = 0xfffffffd;
const NONE = 0xffffffff;

/** An OLE compound file ([MS-CFB], version 3) of up to 109 allocation sectors, its streams in regular sectors. */
export function makeCompoundFile(nodes: readonly CompoundNode[]): Buffer {
  const records: Buffer[] = [record({ name: "Root Entry", type: 5, start: END_OF_CHAIN, size: 0 })];
  const body: Buffer[] = [];
  const fat: number[] = [];
  const append = (content: Buffer): number => {
    const count = Math.ceil(content.length / SECTOR);
    if (count === 0) return END_OF_CHAIN;
    const first = fat.length;
    for (let index = 1; index < count; index++) fat.push(first + index);
    fat.push(END_OF_CHAIN);
    body.push(Buffer.concat([content], count * SECTOR));
    return first;
  };
  const add = (siblings: readonly CompoundNode[], parent: Buffer): void => {
    let link = { from: parent, at: 76 };
    for (const { name, content, children } of siblings) {
      const made = record({
        name,
        type: content ? 2 : 1,
        start: content ? append(content) : 0,
        size: content?.length ?? 0,
      });
      link.from.writeUInt32LE(records.length, link.at);
      link = { from: made, at: 72 };
      records.push(made);
      add(children ?? [], made);
    }
  };
  add(nodes, records[0]!);
  while (records.length % 4 !== 0) records.push(record({ name: "", type: 0, start: 0, size: 0 }));
  const directory = append(Buffer.concat(records));
  const fatSectors = Math.ceil((fat.length * 4 + 1) / (SECTOR - 4));
  const fatIds = Array.from({ length: fatSectors }, () => fat.push(FAT_SECTOR) - 1);
  while ((fat.length * 4) % SECTOR !== 0) fat.push(NONE);
  const table = Buffer.alloc(fat.length * 4);
  for (const [id, next] of fat.entries()) table.writeUInt32LE(next, id * 4);
  return Buffer.concat([header(directory, fatIds), ...body, table]);
}

function header(directory: number, fatIds: readonly number[]): Buffer {
  const bytes = Buffer.alloc(SECTOR, 0);
  bytes.write("d0cf11e0a1b11ae1", "hex");
  bytes.writeUInt16LE(0x003e, 24);
  bytes.writeUInt16LE(3, 26);
  bytes.writeUInt16LE(0xfffe, 28);
  bytes.writeUInt16LE(9, 30);
  bytes.writeUInt16LE(6, 32);
  bytes.writeUInt32LE(fatIds.length, 44);
  bytes.writeUInt32LE(directory, 48);
  // No mini stream: every stream is in regular sectors, whatever its size.
  bytes.writeUInt32LE(0, 56);
  bytes.writeUInt32LE(END_OF_CHAIN, 60);
  bytes.writeUInt32LE(END_OF_CHAIN, 68);
  for (let index = 0; index < 109; index++) bytes.writeUInt32LE(fatIds[index] ?? NONE, 76 + index * 4);
  return bytes;
}

function record(entry: { name: string; type: number; start: number; size: number }): Buffer {
  const bytes = Buffer.alloc(128);
  bytes.write(entry.name, "utf16le");
  bytes.writeUInt16LE(entry.type === 0 ? 0 : (entry.name.length + 1) * 2, 64);
  bytes.writeUInt8(entry.type, 66);
  bytes.writeUInt8(1, 67);
  for (const at of [68, 72, 76]) bytes.writeUInt32LE(NONE, at);
  bytes.writeUInt32LE(entry.start, 116);
  bytes.writeUInt32LE(entry.size, 120);
  return bytes;
}
