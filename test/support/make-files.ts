import { readFileSync } from "node:fs";
import { join } from "node:path";
import { crc32, deflateSync } from "node:zlib";
import type { Sharp } from "sharp";
import sharp from "sharp";
import { packageRoot } from "../../src/kernel/package-root.js";
import type { ZipEntry } from "./make-zip.js";
import { makeZip } from "./make-zip.js";

/** A file that lies in `test/fixtures`. */
export const fixture = (name: string): Buffer => readFileSync(join(packageRoot, "test", "fixtures", name));

export interface ImageOptions {
  readonly width?: number;
  readonly height?: number;
}

/** Noise, so that no two are alike and they do not compress away. */
const noise = ({ width = 320, height = 240 }: ImageOptions): Sharp =>
  sharp({
    create: {
      width,
      height,
      channels: 3,
      background: "#888888",
      noise: { type: "gaussian", mean: 128, sigma: 20 },
    },
  });

/** About 200 KB at 800 × 600. */
export function makeJpeg(
  options: ImageOptions & { orientation?: number; progressive?: boolean } = {},
): Promise<Buffer> {
  const image = noise(options).jpeg({ quality: 90, progressive: options.progressive ?? false });
  return (options.orientation ? image.withMetadata({ orientation: options.orientation }) : image).toBuffer();
}

export const makePng = (options: ImageOptions = {}): Promise<Buffer> => noise(options).png().toBuffer();

export const makeWebp = (options: ImageOptions = {}): Promise<Buffer> => noise(options).webp().toBuffer();

/** Animated when it has more than one frame. */
export async function makeGif({
  frames = 1,
  ...options
}: ImageOptions & { frames?: number } = {}): Promise<Buffer> {
  if (frames === 1) return noise(options).gif().toBuffer();
  const images = await Promise.all(Array.from({ length: frames }, () => noise(options).png().toBuffer()));
  return sharp(images, { join: { animated: true } })
    .gif()
    .toBuffer();
}

/** 24 bits a pixel, uncompressed, black. */
export function makeBmp({ width = 16, height = 8 }: ImageOptions = {}): Buffer {
  const pixelBytes = Math.ceil((width * 24) / 32) * 4 * height;
  const bytes = Buffer.alloc(54 + pixelBytes);
  bytes.write("BM");
  bytes.writeUInt32LE(bytes.length, 2);
  bytes.writeUInt32LE(54, 10);
  bytes.writeUInt32LE(40, 14);
  bytes.writeInt32LE(width, 18);
  bytes.writeInt32LE(height, 22);
  bytes.writeUInt16LE(1, 26);
  bytes.writeUInt16LE(24, 28);
  return bytes;
}

/** A genuine PNG of one colour and one bit a pixel: small on the disk, whatever its dimensions. */
export function makePlainPng({ width = 16, height = 16 }: ImageOptions = {}): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.writeUInt8(1, 8);
  const rows = deflateSync(Buffer.alloc((1 + Math.ceil(width / 8)) * height));
  const signature = Buffer.from("89504e470d0a1a0a", "hex");
  return Buffer.concat([
    signature,
    pngChunk("IHDR", header),
    pngChunk("IDAT", rows),
    pngChunk("IEND", Buffer.alloc(0)),
  ]);
}

function pngChunk(type: string, content: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.length);
  const body = Buffer.concat([Buffer.from(type), content]);
  const check = Buffer.alloc(4);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}

/** A PDF of one page with one line on it. */
export function makePdf(text = "Broken printer, room 12"): Buffer {
  const content = `BT /F1 24 Tf 72 720 Td (${text.replace(/[()\\]/g, "\\$&")}) Tj ET`;
  const objects = [
    "<< /Type /Catalog /Pages 2 0 R >>",
    "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
    "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
    `<< /Length ${content.length} >>\nstream\n${content}\nendstream`,
    "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
  ];
  let body = "%PDF-1.4\n";
  const offsets = objects.map((object, index) => {
    const at = body.length;
    body += `${index + 1} 0 obj\n${object}\nendobj\n`;
    return `${String(at).padStart(10, "0")} 00000 n \n`;
  });
  const count = objects.length + 1;
  const table = `xref\n0 ${count}\n0000000000 65535 f \n${offsets.join("")}`;
  const trailer = `trailer\n<< /Size ${count} /Root 1 0 R >>\nstartxref\n${body.length}\n%%EOF\n`;
  return Buffer.from(body + table + trailer, "latin1");
}

const MAIN_PARTS = {
  docx: ["word/document.xml", "wordprocessingml.document"],
  xlsx: ["xl/workbook.xml", "spreadsheetml.sheet"],
  pptx: ["ppt/presentation.xml", "presentationml.presentation"],
  xlsb: ["xl/workbook.bin", "-"],
} as const;

/** What the types of relationships begin with. */
export const RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

export interface OfficeOptions {
  /** The content type of the main part. */
  readonly mainType?: string;
  /** The whole of `[Content_Types].xml`. */
  readonly contentTypes?: string;
  readonly more?: readonly ZipEntry[];
}

/** The smallest package that passes for an Office document. For one that Office opens, take a fixture. */
export function makeOffice(type: keyof typeof MAIN_PARTS, options: OfficeOptions = {}): Buffer {
  const [part, name] = MAIN_PARTS[type];
  const mainType = options.mainType ?? `application/vnd.openxmlformats-officedocument.${name}.main+xml`;
  const contentTypes =
    options.contentTypes ??
    `<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">` +
      `<Default Extension="xml" ContentType="application/xml"/>` +
      `<Override PartName="/${part}" ContentType="${mainType}"/></Types>`;
  return makeZip([
    { name: "[Content_Types].xml", content: contentTypes },
    {
      name: "_rels/.rels",
      content: `<Relationships><Relationship Id="r1" Type="${RELATIONS}/officeDocument" Target="${part}"/></Relationships>`,
    },
    { name: part, content: `<document>${Math.random()}</document>` },
    ...(options.more ?? []),
  ]);
}

export const makeDocx = (options?: OfficeOptions): Buffer => makeOffice("docx", options);
