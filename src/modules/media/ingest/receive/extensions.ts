import type { FileType, FileTypeName } from "../../file-types.js";
import { FILE_TYPES } from "../../file-types.js";

/**
 * Groups of related types. If a file has the extension of a related type, the extension is corrected; that of an unrelated
 * type is refused. A type and an extension may belong to two families.
 */
type Family =
  | "picture"
  | "drawing"
  | "video"
  | "sound"
  | "mpeg-4"
  | "writing"
  | "sheet"
  | "slides"
  | "pdf"
  | "mail"
  | "text"
  | "archive"
  | "program";

const FAMILIES: Partial<Record<FileTypeName, readonly Family[]>> = {
  svg: ["drawing"],
  mp4: ["video", "mpeg-4"],
  quicktime: ["video", "mpeg-4"],
  m4a: ["sound", "mpeg-4"],
  doc: ["writing"],
  docx: ["writing"],
  odt: ["writing"],
  rtf: ["writing"],
  xls: ["sheet"],
  xlsx: ["sheet"],
  xlsb: ["sheet"],
  ods: ["sheet"],
  ppt: ["slides"],
  pptx: ["slides"],
  odp: ["slides"],
  pdf: ["pdf"],
  eml: ["mail"],
  msg: ["mail"],
};

const BY_KIND: Readonly<Record<string, Family>> = {
  IMAGE: "picture",
  VIDEO: "video",
  AUDIO: "sound",
  TEXT: "text",
  ARCHIVE: "archive",
};

function familiesOf({ name, kind }: FileType): readonly Family[] {
  const byKind = BY_KIND[kind];
  return FAMILIES[name] ?? (byKind === undefined ? [] : [byKind]);
}

/** Known extensions that belong to no type of `FILE_TYPES`. */
const OTHERS: Partial<Record<Family, string>> = {
  picture:
    "jfif pjpeg pjp mpo apng avif heics heifs hif psd raw cr2 cr3 nef arw dng orf rw2 raf jp2 j2k jxl jxr ico cur tga pcx xcf",
  video: "avi mkv wmv mpg mpeg m2v m2ts mts flv f4v ogv vob asf mxf divx",
  sound: "flac aac aif aiff wma ac3 caf mid midi weba mka",
  writing: "docm dot dotx dotm ott fodt wps wpd",
  sheet: "xlsm xlt xltx xltm ots fods",
  slides: "pptm pps ppsx ppsm pot potx otp",
  mail: "emlx",
  archive: "rar tar bz2 tbz tbz2 xz txz zst lz lzma cab iso dmg arj lzh",
  program: [
    "exe dll msi msix scr pif cpl bat cmd ps1 psm1 vbs vbe js mjs cjs jse wsf wsh hta gadget lnk url desktop reg",
    "jar apk ipa deb rpm sh bash zsh ksh csh fish py pyc pyw rb pl php phtml asp aspx jsp cgi lua scpt chm swf",
    "html htm xhtml xht shtml mht mhtml xsl xslt",
  ].join(" "),
};

const types = Object.values(FILE_TYPES);

const FAMILIES_OF_EXTENSIONS: ReadonlyMap<string, ReadonlySet<Family>> = (() => {
  const families = new Map<string, Set<Family>>();
  const add = (extension: string, family: Family) =>
    families.set(extension, (families.get(extension) ?? new Set()).add(family));
  for (const [family, extensions] of Object.entries(OTHERS))
    for (const extension of extensions.split(" ")) add(extension, family as Family);
  for (const type of types)
    for (const extension of type.name === "html" ? [] : type.extensions)
      for (const family of familiesOf(type)) add(extension, family);
  return families;
})();

/** Whether this is the extension (lower case, no dot) of some file type; any other ending is part of the name. */
export const isKnownExtension = (extension: string): boolean => FAMILIES_OF_EXTENSIONS.has(extension);

/** Whether this extension belongs to programs, scripts or web pages. */
export const isProgramExtension = (extension: string | null): boolean =>
  extension !== null && FAMILIES_OF_EXTENSIONS.get(extension)?.has("program") === true;

const OWN: ReadonlySet<string> = new Set(types.flatMap(({ extensions }) => extensions));

/** Whether this extension belongs to a type of `FILE_TYPES`. */
export const isOwnExtension = (extension: string): boolean => OWN.has(extension);

/** Extensions under which reporting tools and old programs write text, and which Office opens. */
const OFFICE_NAMES_OF_TEXT: ReadonlySet<string> = new Set(["xls", "doc"]);

/** Whether text may have this extension, although it belongs to an Office document. */
export const isOfficeNameOfText = (extension: string | null): boolean =>
  extension !== null && OFFICE_NAMES_OF_TEXT.has(extension);

/** Whether a name may have this extension (null for none), with content of this type. */
export const fitsExtension = ({ name, kind, extensions }: FileType, extension: string | null): boolean =>
  extension === null ||
  extensions.includes(extension) ||
  ((kind === "TEXT" || name === "rtf") && isOfficeNameOfText(extension)) ||
  // A log or a response that was saved as text may be XML from its first line on.
  (name === "xml" && textTypeOf(extension) !== null);

/** Whether this extension belongs to a type related to this one, so that it is corrected and not refused. */
export const isRelative = (type: FileType, extension: string): boolean =>
  familiesOf(type).some((family) => FAMILIES_OF_EXTENSIONS.get(extension)?.has(family));

/** The type of a text with this extension; null if the extension says nothing about text. */
export const textTypeOf = (extension: string): FileTypeName | null =>
  types.find(
    ({ name, kind, extensions }) => kind === "TEXT" && name !== "html" && extensions.includes(extension),
  )?.name ?? null;

/** Whether this extension is one of text. */
export const isTextExtension = (extension: string): boolean =>
  textTypeOf(extension) !== null || FILE_TYPES.eml.extensions.includes(extension);

/** Whether this extension belongs to mail. */
export const isMailExtension = (extension: string): boolean =>
  FAMILIES_OF_EXTENSIONS.get(extension)?.has("mail") === true;
