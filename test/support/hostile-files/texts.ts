import type { HostileFile } from "./hostile-file.js";
import { hex, repeat } from "./hostile-file.js";

const pdf = (content: Buffer | string) =>
  Buffer.concat([Buffer.from("%PDF-1.4\n"), Buffer.from(content as Buffer)]);

/** PDFs, and text of all kinds. */
export const HOSTILE_TEXTS: readonly HostileFile[] = [
  {
    what: "tables that follow themselves",
    fileName: "a.pdf",
    make: () =>
      pdf(
        `xref\n0 1\n0000000000 65535 f \n${"0 0\n".repeat(45)}trailer<</Root 1 0 R/Prev 9>>${" ".repeat(900_000)}\nstartxref\n9\n%%EOF`,
      ),
  },
  {
    what: "nothing but padding",
    fileName: "a.pdf",
    make: () => pdf(Buffer.concat([Buffer.from("startxref\n9\n%%EOF"), repeat(" ")])),
  },
  {
    what: "ends and starts",
    fileName: "a.pdf",
    make: () =>
      pdf(Buffer.concat([repeat("startxref "), repeat("/Root ", 900), Buffer.from("startxref 9 %%EOF")])),
  },
  { what: "braces", fileName: "a.rtf", make: () => Buffer.concat([Buffer.from("{\\rtf1"), repeat("{")]) },
  { what: "fields", fileName: "a.eml", make: () => repeat("From: a\r\n") },
  {
    what: "one long field",
    fileName: "a.eml",
    make: () => Buffer.concat([Buffer.from("From: "), repeat("a")]),
  },
  { what: "colons", fileName: "a.eml", make: () => repeat("a:") },
  { what: "NULs at the end", fileName: "a.txt", make: () => Buffer.concat([Buffer.from("a"), repeat("\0")]) },
  { what: "NULs alone", fileName: "a.txt", make: () => repeat("\0") },
  { what: "bytes beyond ASCII", fileName: "a.txt", make: () => repeat(hex("e920")) },
  { what: "pairs of bytes", fileName: "a.csv", make: () => repeat(hex("a4a2")) },
  {
    what: "UTF-16",
    fileName: "a.txt",
    make: () => Buffer.concat([hex("fffe"), repeat(hex("3dd800de"))]),
  },
  {
    what: "comments",
    fileName: "a.xml",
    make: () => Buffer.concat([Buffer.from("<?xml?>"), repeat("<!---->")]),
  },
  { what: "document types", fileName: "a.xml", make: () => repeat("<!doctype a>") },
  { what: "angle brackets", fileName: "a.txt", make: () => repeat("<") },
  { what: "tabs", fileName: "a.xls", make: () => repeat("a\t") },
  {
    what: "headers of a PDF",
    fileName: "a.dat",
    make: () => Buffer.concat([hex("0102030405"), repeat("%PDF-")]),
  },
];
