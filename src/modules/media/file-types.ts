/** The kind of a file. */
export const FileKind = {
  IMAGE: "IMAGE",
  VIDEO: "VIDEO",
  DOCUMENT: "DOCUMENT",
  TEXT: "TEXT",
  ARCHIVE: "ARCHIVE",
  AUDIO: "AUDIO",
} as const;
export type FileKind = (typeof FileKind)[keyof typeof FileKind];

interface Definition {
  readonly kind: FileKind;
  /** Name of the type in messages. */
  readonly title: string;
  /** Canonical, without parameters. */
  readonly mimeType: string;
  /** Extensions of the type, in lower case. The first one is canonical. */
  readonly extensions: readonly [string, ...string[]];
}

export interface FileType extends Definition {
  readonly name: FileTypeName;
  /** The canonical extension, for storage keys and for names without one. */
  readonly extension: string;
}

const DEFINITIONS = {
  pdf: { kind: "DOCUMENT", title: "a PDF document", mimeType: "application/pdf", extensions: ["pdf"] },
  doc: {
    kind: "DOCUMENT",
    title: "a Word 97–2003 document",
    mimeType: "application/msword",
    extensions: ["doc"],
  },
  docx: {
    kind: "DOCUMENT",
    title: "a Word document",
    mimeType: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    extensions: ["docx"],
  },
  xls: {
    kind: "DOCUMENT",
    title: "an Excel 97–2003 workbook",
    mimeType: "application/vnd.ms-excel",
    extensions: ["xls"],
  },
  xlsx: {
    kind: "DOCUMENT",
    title: "an Excel workbook",
    mimeType: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    extensions: ["xlsx"],
  },
  xlsb: {
    kind: "DOCUMENT",
    title: "a binary Excel workbook",
    mimeType: "application/vnd.ms-excel.sheet.binary.macroEnabled.12",
    extensions: ["xlsb"],
  },
  ppt: {
    kind: "DOCUMENT",
    title: "a PowerPoint 97–2003 presentation",
    mimeType: "application/vnd.ms-powerpoint",
    extensions: ["ppt"],
  },
  pptx: {
    kind: "DOCUMENT",
    title: "a PowerPoint presentation",
    mimeType: "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    extensions: ["pptx"],
  },
  txt: {
    kind: "TEXT",
    title: "plain text",
    mimeType: "text/plain",
    extensions: ["txt", "text", "log", "out", "err"],
  },
  csv: { kind: "TEXT", title: "a CSV table", mimeType: "text/csv", extensions: ["csv"] },
  tsv: {
    kind: "TEXT",
    title: "a table with tabs",
    mimeType: "text/tab-separated-values",
    extensions: ["tsv", "tab"],
  },
  json: {
    kind: "TEXT",
    title: "JSON",
    mimeType: "application/json",
    extensions: ["json", "har", "jsonl", "ndjson", "geojson"],
  },
  xml: {
    kind: "TEXT",
    title: "an XML document",
    mimeType: "application/xml",
    extensions: ["xml", "xsd", "gpx", "kml"],
  },
  md: { kind: "TEXT", title: "Markdown", mimeType: "text/markdown", extensions: ["md", "markdown"] },
  yaml: { kind: "TEXT", title: "YAML", mimeType: "application/yaml", extensions: ["yaml", "yml"] },
  ini: {
    kind: "TEXT",
    title: "a configuration file",
    mimeType: "text/x-ini",
    extensions: ["ini", "conf", "cfg", "cnf", "properties", "toml"],
  },
  sql: { kind: "TEXT", title: "SQL", mimeType: "application/sql", extensions: ["sql"] },
  ics: { kind: "TEXT", title: "a calendar", mimeType: "text/calendar", extensions: ["ics"] },
  vcf: { kind: "TEXT", title: "a contact card", mimeType: "text/vcard", extensions: ["vcf", "vcard"] },
  diff: { kind: "TEXT", title: "a patch", mimeType: "text/x-diff", extensions: ["diff", "patch"] },
  // No bucket lists it. It is accepted only under the name of an Office document, as reporting tools write it.
  html: { kind: "TEXT", title: "an HTML page", mimeType: "text/html", extensions: ["xls", "doc"] },
  rtf: { kind: "DOCUMENT", title: "an RTF document", mimeType: "application/rtf", extensions: ["rtf"] },
  odt: {
    kind: "DOCUMENT",
    title: "an OpenDocument text",
    mimeType: "application/vnd.oasis.opendocument.text",
    extensions: ["odt"],
  },
  ods: {
    kind: "DOCUMENT",
    title: "an OpenDocument spreadsheet",
    mimeType: "application/vnd.oasis.opendocument.spreadsheet",
    extensions: ["ods"],
  },
  odp: {
    kind: "DOCUMENT",
    title: "an OpenDocument presentation",
    mimeType: "application/vnd.oasis.opendocument.presentation",
    extensions: ["odp"],
  },
  msg: {
    kind: "DOCUMENT",
    title: "an Outlook message",
    mimeType: "application/vnd.ms-outlook",
    extensions: ["msg"],
  },
  tiff: { kind: "IMAGE", title: "a TIFF image", mimeType: "image/tiff", extensions: ["tif", "tiff"] },
  heic: { kind: "IMAGE", title: "an HEIC image", mimeType: "image/heic", extensions: ["heic", "heif"] },
  gz: { kind: "ARCHIVE", title: "a gzip archive", mimeType: "application/gzip", extensions: ["gz", "tgz"] },
  mp3: { kind: "AUDIO", title: "an MP3 recording", mimeType: "audio/mpeg", extensions: ["mp3"] },
  m4a: {
    kind: "AUDIO",
    title: "an MPEG-4 recording with no video in it",
    mimeType: "audio/mp4",
    // RFC 4337: the container's own ending stands for sound as well.
    extensions: ["m4a", "m4b", "mp4", "3gp"],
  },
  ogg: {
    kind: "AUDIO",
    title: "an Ogg recording",
    mimeType: "audio/ogg",
    extensions: ["ogg", "oga", "opus"],
  },
  wav: { kind: "AUDIO", title: "a WAV recording", mimeType: "audio/wav", extensions: ["wav"] },
  amr: { kind: "AUDIO", title: "an AMR recording", mimeType: "audio/amr", extensions: ["amr"] },
  eml: { kind: "DOCUMENT", title: "an e-mail message", mimeType: "message/rfc822", extensions: ["eml"] },
  jpeg: {
    kind: "IMAGE",
    title: "a JPEG image",
    mimeType: "image/jpeg",
    extensions: ["jpg", "jpeg", "jpe"],
  },
  png: { kind: "IMAGE", title: "a PNG image", mimeType: "image/png", extensions: ["png"] },
  gif: { kind: "IMAGE", title: "a GIF image", mimeType: "image/gif", extensions: ["gif"] },
  webp: { kind: "IMAGE", title: "a WebP image", mimeType: "image/webp", extensions: ["webp"] },
  bmp: { kind: "IMAGE", title: "a BMP image", mimeType: "image/bmp", extensions: ["bmp", "dib"] },
  svg: { kind: "IMAGE", title: "an SVG image", mimeType: "image/svg+xml", extensions: ["svg"] },
  zip: { kind: "ARCHIVE", title: "a ZIP archive", mimeType: "application/zip", extensions: ["zip"] },
  "7z": {
    kind: "ARCHIVE",
    title: "a 7z archive",
    mimeType: "application/x-7z-compressed",
    extensions: ["7z"],
  },
  mp4: {
    kind: "VIDEO",
    title: "an MP4 video",
    mimeType: "video/mp4",
    extensions: ["mp4", "m4v", "3gp", "3gpp", "3g2"],
  },
  webm: { kind: "VIDEO", title: "a WebM video", mimeType: "video/webm", extensions: ["webm"] },
  quicktime: {
    kind: "VIDEO",
    title: "a QuickTime video",
    mimeType: "video/quicktime",
    extensions: ["mov", "qt"],
  },
} as const satisfies Record<string, Definition>;

export type FileTypeName = keyof typeof DEFINITIONS;

const entries = Object.entries(DEFINITIONS) as [FileTypeName, Definition][];

/** Every type that Filedesk identifies by content. The bucket decides which of them are accepted. */
export const FILE_TYPES = Object.fromEntries(
  entries.map(([name, definition]) => [name, { name, extension: definition.extensions[0], ...definition }]),
) as Record<FileTypeName, FileType>;

export const isFileTypeName = (name: unknown): name is FileTypeName =>
  typeof name === "string" && Object.hasOwn(FILE_TYPES, name);

const KINDS: ReadonlyMap<string, FileKind> = new Map(
  entries.map(([, { mimeType, kind }]) => [mimeType, kind]),
);

/** The kind of a stored file, by its canonical MIME type. */
export const kindOf = (mimeType: string): FileKind => KINDS.get(mimeType) ?? FileKind.DOCUMENT;

/** The canonical MIME types of a kind. */
export const mimeTypesOf = (kind: FileKind): string[] =>
  entries.filter(([, type]) => type.kind === kind).map(([, { mimeType }]) => mimeType);

/** The type with this canonical MIME type; null for one that is not in the table any more. */
export const typeOfMime = (mimeType: string): FileType | null =>
  Object.values(FILE_TYPES).find((type) => type.mimeType === mimeType) ?? null;
