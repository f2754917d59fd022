import { crc32 } from "node:zlib";
import { KIB, MIB } from "../../kernel/bytes.js";

/** The EICAR test file, which every scanner detects and which harms nobody; in parts, so that none detects this source. */
const eicar = () =>
  Buffer.from(
    ["X5O!P%@AP[4\\PZX54(P^)7CC)7}$", "EICAR-STANDARD", "-ANTIVIRUS-TEST-FILE", "!$H+H*"].join(""),
    "latin1",
  );

const NAME = Buffer.from("eicar.com");
const CHUNK = Buffer.alloc(64 * KIB);
const LOCAL_BYTES = 30;
const CENTRAL_BYTES = 46;
const END_BYTES = 22;

/** Smaller probes prove no more. */
export const LEAST_PROBE_BYTES = MIB;

/**
 * A ZIP archive of so many bytes that holds the test file, with padding between it and the directory at its end: a
 * scanner detects it if it takes all the bytes and unpacks them, and not if it skips files of this size.
 */
export async function* probeOf(size: number): AsyncGenerator<Buffer> {
  const content = eicar();
  const [local, central] = headersOf(content);
  const head = Buffer.concat([local, NAME, content]);
  const padding = size - head.length - CENTRAL_BYTES - NAME.length - END_BYTES;
  yield head;
  for (let left = padding; left > 0; left -= CHUNK.length) yield CHUNK.subarray(0, left);
  yield Buffer.concat([central, NAME, endOf(head.length + padding)]);
}

/** Of a stored entry at the beginning (APPNOTE.TXT 4.3.7 and 4.3.12). */
function headersOf(content: Buffer): readonly [Buffer, Buffer] {
  const local = Buffer.alloc(LOCAL_BYTES);
  local.writeUInt32LE(0x04034b50, 0);
  local.writeUInt16LE(10, 4);
  local.writeUInt32LE(crc32(content), 14);
  local.writeUInt32LE(content.length, 18);
  local.writeUInt32LE(content.length, 22);
  local.writeUInt16LE(NAME.length, 26);
  const central = Buffer.alloc(CENTRAL_BYTES);
  central.writeUInt32LE(0x02014b50, 0);
  central.writeUInt16LE(10, 4);
  local.copy(central, 6, 4, LOCAL_BYTES);
  return [local, central];
}

/** The end of the directory, with its place (4.3.16). */
function endOf(directoryAt: number): Buffer {
  const end = Buffer.alloc(END_BYTES);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(CENTRAL_BYTES + NAME.length, 12);
  end.writeUInt32LE(directoryAt, 16);
  return end;
}
