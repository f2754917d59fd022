import { crc32, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { makeZip } from "../../support/make-zip.js";
import { mutateBytes, splice } from "../kit/mutate-bytes.js";
import type { Source } from "../kit/source.js";
import { PNG_SIGNATURE, piecesOf } from "./file-pieces.js";
import type { SeedFile } from "./seed-files.js";

/** A change that keeps most of the structure, so that it reaches what stands behind the first check. */
function mutatePieces(bytes: Buffer, source: Source): Buffer {
  const pieces = piecesOf(bytes);
  if (pieces.length === 0) return mutateBytes(bytes, source);
  const { from, to, content } = source.one(pieces);
  const other = source.one(pieces);
  const [before, piece, after] = [bytes.subarray(0, from), bytes.subarray(from, to), bytes.subarray(to)];
  return source.one<() => Buffer>([
    () => Buffer.concat([before, after]),
    () => Buffer.concat([before, ...repeated(piece, source), after]),
    () => Buffer.concat([before, bytes.subarray(other.from, other.to), after]),
    () => Buffer.concat([bytes.subarray(0, other.from), piece, bytes.subarray(other.from)]),
    // Only what is in it: the frame around stays whole.
    () =>
      withChecksum(
        Buffer.concat([bytes.subarray(0, content), sameLength(bytes.subarray(content, to), source), after]),
        bytes,
        from,
        to,
      ),
    () =>
      withChecksum(
        Buffer.concat([bytes.subarray(0, content), sameLength(bytes.subarray(content, to), source), after]),
        bytes,
        from,
        to,
      ),
    () =>
      Buffer.concat([
        bytes.subarray(0, from),
        mutateBytes(bytes.subarray(from, Math.max(from + 1, content)), source, 1),
        bytes.subarray(content),
      ]),
  ])();
}

const repeated = (piece: Buffer, source: Source): Buffer[] =>
  Array.from(
    { length: Math.max(2, Math.min(source.size(3_000), Math.floor(100_000 / (piece.length + 1)))) },
    () => piece,
  );

function sameLength(bytes: Buffer, source: Source): Buffer {
  if (bytes.length === 0) return bytes;
  const changed = mutateBytes(bytes, source, 2).subarray(0, bytes.length);
  return Buffer.concat([changed, Buffer.alloc(bytes.length - changed.length)]);
}

/** The checksum of a PNG's chunk is made right again: readers look no further at one that is wrong. */
function withChecksum(changed: Buffer, original: Buffer, from: number, to: number): Buffer {
  if (!original.subarray(0, 8).equals(PNG_SIGNATURE) || changed.length < to || to - from < 12) return changed;
  const fixed = Buffer.from(changed);
  fixed.writeUInt32BE(crc32(fixed.subarray(from + 4, to - 4)), to - 4);
  return fixed;
}

const XML_PIECES = [
  "<",
  ">",
  "&amp;",
  "&#x0;",
  "&#99999999;",
  "<!--",
  "-->",
  "<![CDATA[",
  "]]>",
  "<?xml?>",
  "<!DOCTYPE a [<!ENTITY b 'c'>]>",
  'Target="../../x"',
  'TargetMode="External"',
  "\u0000",
  'xmlns:a="b"',
  "<Override",
  "vbaProject.bin",
  "<Types>",
  "</Types>",
];

/** Office packages of parts that are wrong, with everything around them right. */
function packageOf(source: Source): Buffer {
  const broken = (text: string) => {
    const at = source.int(0, text.length);
    return source.chance(0.5)
      ? text
      : text.slice(0, at) +
          source.one(XML_PIECES).repeat(source.size(2_000)) +
          text.slice(at + source.int(0, 9));
  };
  const main = source.one([
    "word/document.xml",
    "xl/workbook.xml",
    "ppt/presentation.xml",
    "/word/document.xml",
    "word\\document.xml",
    "../x",
  ]);
  const parts = [
    {
      name: "[Content_Types].xml",
      content: broken(
        `<?xml version="1.0"?><Types><Default Extension="xml" ContentType="application/xml"/><Override PartName="/${main}" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>`,
      ),
    },
    {
      name: "_rels/.rels",
      content: broken(
        `<Relationships><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="${main}"/></Relationships>`,
      ),
    },
    { name: main, content: "<document/>" },
    ...(source.chance(0.2)
      ? Array.from({ length: source.size(3_000) }, (_, n) => ({ name: `x/${n}`, content: "" }))
      : []),
    ...(source.chance(0.2)
      ? [
          {
            name: source.one(["mimetype", "../../etc/passwd", "a\0b", "word/vbaProject.bin", ""]),
            content: source.one(["application/vnd.oasis.opendocument.text", "x"]),
            stored: true,
          },
        ]
      : []),
  ].filter(() => !source.chance(0.05));
  return makeZip(parts, {
    ...(source.chance(0.2) && { prefix: source.bytes(source.size(500)) }),
    ...(source.chance(0.2) && { comment: "x".repeat(source.size(65_000)) }),
    patchRecord: (record) => {
      if (source.chance(0.1)) mutateBytes(record, source, 1).copy(record);
    },
  });
}

/** Things that unpack to much. */
const packed = (source: Source): Buffer => {
  const plain = Buffer.alloc(source.int(1, 20_000_000));
  return source.one([
    () => gzipSync(plain),
    () => Buffer.concat([gzipSync("a"), gzipSync(plain), gzipSync("b")]),
    () => deflateSync(plain),
    () => deflateRawSync(plain),
  ])();
};

const PACKAGE_NAMES = ["a.docx", "a.xlsx", "a.pptx", "a.odt", "a.xlsb", "a.zip"];

/** A file like one of the seeds, and unlike any. */
export function mutateFile(seeds: readonly SeedFile[], source: Source): SeedFile {
  const seed = source.one(seeds);
  const kind = source.next();
  if (kind < 0.06) return { fileName: source.one(PACKAGE_NAMES), bytes: packageOf(source) };
  if (kind < 0.065)
    return { fileName: source.one(["a.gz", "a.zip", "a.png", "a.svgz"]), bytes: packed(source) };
  if (kind < 0.12) return { ...seed, bytes: splice(seed.bytes, source.one(seeds).bytes, source) };
  // Right as it is, under the name of another.
  if (kind < 0.14) return { ...seed, fileName: source.one(seeds).fileName };
  if (kind < 0.55) return { ...seed, bytes: mutateBytes(seed.bytes, source) };
  let bytes = seed.bytes;
  for (let n = source.int(1, 3); n > 0; n--) bytes = mutatePieces(bytes, source);
  return { ...seed, bytes: source.chance(0.2) ? mutateBytes(bytes, source, 1) : bytes };
}
