import { crc32, deflateRawSync } from "node:zlib";

export interface ZipEntry {
  readonly name: string;
  readonly content: Buffer | string;
  /** Keep it unpacked in the archive. */
  readonly stored?: boolean;
  readonly encrypted?: boolean;
}

export interface ZipOptions {
  readonly prefix?: Buffer;
  readonly comment?: string;
  /** Changes a record of the central directory, to make it lie (APPNOTE 4.3.12). */
  readonly patchRecord?: (record: Buffer, index: number) => void;
}

/** A ZIP archive whose offsets count from its very beginning, the prefix included. */
export function makeZip(entries: readonly ZipEntry[], options: ZipOptions = {}): Buffer {
  const parts: Buffer[] = [options.prefix ?? Buffer.alloc(0)];
  const records: Buffer[] = [];
  for (const [index, entry] of entries.entries()) {
    const content = Buffer.from(entry.content);
    const packed = entry.stored ? content : deflateRawSync(content, { level: 9 });
    const name = Buffer.from(entry.name);
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE((entry.encrypted ? 1 : 0) | 0x0800, 2);
    fields.writeUInt16LE(entry.stored ? 0 : 8, 4);
    fields.writeUInt32LE(crc32(content), 10);
    fields.writeUInt32LE(packed.length, 14);
    fields.writeUInt32LE(content.length, 18);
    fields.writeUInt16LE(name.length, 22);
    const record = Buffer.alloc(46);
    record.write("PK\x01\x02", "latin1");
    fields.copy(record, 6);
    record.writeUInt32LE(bytesOf(parts), 42);
    options.patchRecord?.(record, index);
    records.push(record, name);
    parts.push(Buffer.from("PK\x03\x04", "latin1"), fields, name, packed);
  }
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", "latin1");
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(bytesOf(records), 12);
  end.writeUInt32LE(bytesOf(parts), 16);
  end.writeUInt16LE(options.comment?.length ?? 0, 20);
  return Buffer.concat([...parts, ...records, end, Buffer.from(options.comment ?? "", "latin1")]);
}

const bytesOf = (parts: readonly Buffer[]) => parts.reduce((sum, part) => sum + part.length, 0);
