import { Readable } from "node:stream";
import sharp from "sharp";
import type { IncomingFiles } from "../../platform/http/multipart/incoming-files.js";
import { fileAtHand } from "../../platform/http/multipart/incoming-files.js";

/** Files as services expect them. */
export const files = (...all: readonly { name: string; bytes: Buffer }[]): IncomingFiles => ({
  files: all.map(({ name, bytes }) => fileAtHand({ fileName: name, open: () => Readable.from([bytes]) })),
  requestBytes: null,
});

/** A drawn picture of a room as a real JPEG, free of third-party rights. */
export function demoPhoto(caption: string): Promise<Buffer> {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="1280" height="853">
    <defs><linearGradient id="wall" x1="0" y1="0" x2="0" y2="1">
      <stop offset="0" stop-color="#f2e8d8"/><stop offset="1" stop-color="#d9c7a8"/></linearGradient></defs>
    <rect width="1280" height="853" fill="url(#wall)"/>
    <rect y="640" width="1280" height="213" fill="#8a6a4a"/>
    <rect x="820" y="130" width="300" height="260" fill="#bfe0ef" stroke="#fff" stroke-width="16"/>
    <path d="M820 260h300M970 130v260" stroke="#fff" stroke-width="10"/>
    <rect x="120" y="450" width="560" height="230" rx="28" fill="#f7f7f4"/>
    <rect x="120" y="540" width="560" height="140" rx="20" fill="#5b7f95"/>
    <rect x="160" y="470" width="170" height="80" rx="26" fill="#fff" stroke="#ddd"/>
    <circle cx="760" cy="470" r="46" fill="#ffd97a"/><rect x="752" y="510" width="16" height="170" fill="#555"/>
    <text x="60" y="810" font-family="sans-serif" font-size="34" fill="#fff">${caption}</text></svg>`;
  return sharp(Buffer.from(svg)).jpeg({ quality: 85 }).toBuffer();
}

/** A one-page PDF (ISO 32000-1) with some lines of text. */
export function demoPdf(lines: readonly string[]): Buffer {
  const text = lines.map((line) => `(${line.replace(/[\\()]/g, "\\$&")}) Tj T*`).join("\n");
  const content = `BT /F1 14 Tf 20 TL 72 740 Td\n${text}\nET`;
  const objects = [
    "<< /Type /Catalog /Pages 2 0 R >>",
    "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
    "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
    `<< /Length ${content.length} >>\nstream\n${content}\nendstream`,
    "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
  ];
  let body = "%PDF-1.4\n";
  const offsets = objects.map((object, index) => {
    const offset = body.length;
    body += `${index + 1} 0 obj\n${object}\nendobj\n`;
    return offset;
  });
  const rows = offsets.map((offset) => `${String(offset).padStart(10, "0")} 00000 n \n`).join("");
  const table = `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${rows}`;
  return Buffer.from(
    `${body}${table}trailer\n<< /Size ${objects.length + 1} /Root 1 0 R >>\nstartxref\n${body.length}\n%%EOF\n`,
    "latin1",
  );
}
