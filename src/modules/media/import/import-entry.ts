import { composed, hasLength, singleLine } from "../../../kernel/text.js";
import { Bucket } from "../buckets.js";
import { resemblesInternalUsage } from "../internal-usages.js";
import { MAX_LEGACY_PATH_LENGTH, readLegacyPath } from "../legacy/legacy-path.js";
import { isTargetType, TARGET_TYPES } from "./import-targets.js";
import { badEntry } from "./media-import.errors.js";
import { readMoment } from "./read-moment.js";

/** A file that an entry names. */
export interface EntryFile {
  /** A path below the base folder, or an http(s) URL. */
  readonly source: string;
  /** The file name; by default the one of the source. */
  readonly fileName: string | null;
  /** The address that it had before, as `readLegacyPath` writes it. */
  readonly legacyPath: string | null;
}

/** An entry of a manifest. */
export interface ImportEntry {
  /** One, except for a message, which may have none or several. */
  readonly files: readonly EntryFile[];
  readonly bucket: Bucket;
  /** A slug or an id. */
  readonly company: string;
  /** The usage of the file: a resource type, a resource and a field; or what the entry becomes part of. */
  readonly resourceType: string;
  readonly resourceId: string;
  /** Empty for what becomes part of a thing of Filedesk. */
  readonly fieldName: string;
  /** E-mail address of the uploader or sender; by default the one of the import. */
  readonly uploader: string | null;
  readonly description: string | null;
  readonly body: string;
  readonly key: string | null;
  readonly createdAt: Date | null;
}

const NEEDED = ["company", "resourceType", "resourceId"] as const;
const OTHERS = [
  ...["source", "bucket", "fieldName", "fileName", "uploader"],
  ...["description", "body", "key", "createdAt", "legacyPath"],
] as const;
export const ENTRY_FIELDS: readonly string[] = [...NEEDED, ...OTHERS];
export const NEEDED_FIELDS: readonly string[] = NEEDED;
/** Several files of a message; in JSON only. */
const FILES = "files";

/** Other names of fields, as messages have them. */
export const FIELD_ALIASES: Readonly<Record<string, string>> = {
  sender: "uploader",
  uploadedBy: "uploader",
  sentAt: "createdAt",
  clientId: "key",
};

/** The internal usages that can be imported, a company's logo and a person's avatar, and their buckets. */
const IMPORTABLE: Readonly<Record<string, { readonly fieldName: string; readonly bucket: Bucket }>> = {
  company: { fieldName: "logo", bucket: "COMPANY_LOGOS" },
  user: { fieldName: "avatar", bucket: "AVATARS" },
};
const MAX_LENGTH = 200;
const MAX_LENGTHS: Readonly<Record<string, number>> = {
  source: 4_096,
  description: 1_000,
  body: 10_000,
  key: 100,
  legacyPath: 4_096,
};
/** Texts of several lines. */
const PROSE: ReadonlySet<string> = new Set(["description", "body"]);
const NAME_FORM = /^[A-Za-z][A-Za-z0-9_.-]*$/;

type Fields = Readonly<Record<string, unknown>>;

/**
 * Parses the fields of a line, of either format.
 *
 * @throws ImportFault BAD_ENTRY with everything that is wrong with it
 */
export function parseEntry(given: Fields): ImportEntry {
  const problems: string[] = [];
  const fields = knownFields(given, problems);
  const text = (name: string) => textOf(fields, name, problems);
  const resourceType = text("resourceType");
  const moment = text("createdAt");
  const entry = {
    files: filesOf(fields, problems),
    bucket: (text("bucket").toUpperCase() || bucketOf(resourceType)) as Bucket,
    company: text("company"),
    resourceType,
    resourceId: text("resourceId"),
    fieldName: text("fieldName"),
    uploader: text("uploader") || null,
    description: text("description").trim() || null,
    body: text("body"),
    key: text("key") || null,
    createdAt: moment === "" ? null : readMoment(moment),
  };
  if (moment !== "" && entry.createdAt === null)
    problems.push("createdAt is a moment of the past such as 2019-05-04T12:30:00Z, with its offset from UTC");
  for (const name of NEEDED) if (entry[name] === "") problems.push(`${name} is missing`);
  problems.push(
    ...(isTargetType(resourceType)
      ? problemsOfPart(entry)
      : [...problemsOfUsage(entry), ...problemsOfValues(entry)]),
  );
  if (problems.length > 0) throw badEntry(`This entry cannot be read: ${problems.join("; ")}.`);
  return entry;
}

function knownFields(given: Fields, problems: string[]): Fields {
  const fields: Record<string, unknown> = {};
  for (const [written, value] of Object.entries(given)) {
    const name = Object.hasOwn(FIELD_ALIASES, written) ? (FIELD_ALIASES[written] ?? written) : written;
    if (!ENTRY_FIELDS.includes(name) && name !== FILES)
      problems.push(
        `there is no field ${JSON.stringify(written)}; there are ${[...ENTRY_FIELDS, FILES].join(", ")}`,
      );
    if (Object.hasOwn(fields, name)) problems.push(`${name} is given twice, once as ${written}`);
    fields[name] = value;
  }
  return fields;
}

function textOf(fields: Fields, name: string, problems: string[]): string {
  const value = fields[name] ?? "";
  if (typeof value !== "string" && typeof value !== "number") problems.push(`${name} must be a text`);
  const written = String(value);
  const most = MAX_LENGTHS[name] ?? MAX_LENGTH;
  const isProse = PROSE.has(name);
  const given = isProse ? composed(written) : name === "fileName" ? singleLine(written) : written.trim();
  if (!hasLength(given, 0, most)) problems.push(`${name} may have ${most} characters`);
  if (isProse ? given.includes("\0") : /\p{Cc}/u.test(given))
    problems.push(`${name} holds control characters`);
  return given;
}

/** The file of `source`, and those of `files`: paths, or objects with `source`, `fileName` and `legacyPath`. */
function filesOf(fields: Fields, problems: string[]): EntryFile[] {
  const { files = [] } = fields;
  if (!Array.isArray(files)) problems.push(`${FILES} is a list of sources`);
  const listed = (Array.isArray(files) ? files : []).map((file: unknown) =>
    fileOf(typeof file === "object" && file !== null ? { ...file } : { source: file }, problems),
  );
  if (listed.some((file) => file.source === "")) problems.push(`a source in ${FILES} is missing`);
  const own = fileOf(fields, problems);
  if (own.source !== "") return [own, ...listed];
  if (own.legacyPath !== null) problems.push("legacyPath belongs to a source");
  return listed;
}

function fileOf(fields: Fields, problems: string[]): EntryFile {
  const source = textOf(fields, "source", problems);
  const fileName = textOf(fields, "fileName", problems) || null;
  const address = textOf(fields, "legacyPath", problems);
  const legacyPath = address === "" ? null : readLegacyPath(address);
  if (address !== "" && legacyPath === null)
    problems.push(
      `legacyPath is the path of a URL, such as /uploads/2019/logo.png, with ${MAX_LEGACY_PATH_LENGTH} characters at most and without ".."`,
    );
  return { source, fileName, legacyPath };
}

const bucketOf = (resourceType: string): string => {
  if (!isTargetType(resourceType)) return "";
  return resourceType === "conversation" ? "CHAT" : "ATTACHMENTS";
};

/** Of an attachment or a message. */
function problemsOfPart({ files, bucket, resourceType, fieldName, ...entry }: ImportEntry): string[] {
  const problems: string[] = [];
  if (bucket !== bucketOf(resourceType))
    problems.push(`files of a ${resourceType} are in the bucket ${bucketOf(resourceType)}`);
  if (fieldName !== "") problems.push(`a ${resourceType} has no fieldName`);
  if (resourceType === "conversation") {
    if (entry.key === null)
      problems.push("key is missing: it identifies the message when the import is repeated");
    if (entry.uploader === null) problems.push("sender is missing");
    if (entry.description !== null) problems.push("a message has no description, but a body");
    if (entry.body.trim() === "" && files.length === 0) problems.push("a message has a body, or a file");
    return problems;
  }
  if (files.length !== 1)
    problems.push(files.length === 0 ? "source is missing" : "an attachment is one file");
  return [...problems, ...strangers({ body: entry.body, key: entry.key }, "a message alone has")];
}

/** Of a file in the library. */
function problemsOfUsage({
  files,
  bucket,
  fieldName,
  body,
  key,
  description,
  createdAt,
}: ImportEntry): string[] {
  const missing = Object.entries({ bucket, fieldName }).flatMap(([name, value]) =>
    value === "" ? name : [],
  );
  return [
    ...(files.length === 0 ? ["source"] : []).concat(missing).map((name) => `${name} is missing`),
    ...(files.length > 1 ? ["a message alone has several files"] : []),
    ...strangers({ body, key, description, createdAt }, `a ${TARGET_TYPES.join(", ")} alone takes`),
  ];
}

const strangers = (values: Readonly<Record<string, unknown>>, who: string): string[] =>
  Object.entries(values).flatMap(([name, value]) => (value === null || value === "" ? [] : `${who} ${name}`));

function problemsOfValues({ bucket, resourceType, fieldName }: ImportEntry): string[] {
  const problems: string[] = [];
  if (bucket && !Object.hasOwn(Bucket, bucket))
    problems.push(`there is no bucket ${bucket}; there are ${Object.keys(Bucket).join(", ")}`);
  for (const [name, value] of Object.entries({ resourceType, fieldName }))
    if (value && !NAME_FORM.test(value))
      problems.push(`${name} begins with a letter and holds letters, digits and "_.-" alone`);
  const own = Object.hasOwn(IMPORTABLE, resourceType) ? IMPORTABLE[resourceType] : undefined;
  if (own && (fieldName !== own.fieldName || bucket !== own.bucket))
    problems.push(`a ${resourceType} has the field ${own.fieldName} alone, in the bucket ${own.bucket}`);
  const [only] = Object.entries(IMPORTABLE).filter(([, rule]) => rule.bucket === bucket);
  if (!own && only)
    problems.push(
      `the bucket ${bucket} holds one thing alone: resourceType ${only[0]}, fieldName ${only[1].fieldName}`,
    );
  if (!own && resemblesInternalUsage(resourceType))
    problems.push(`usages of the type ${resourceType} are made by Filedesk itself and cannot be imported`);
  return problems;
}

export const isWebSource = (source: string): boolean => /^[a-z][a-z0-9+.-]*:\/\//i.test(source);
