import { createHash } from "node:crypto";
import { singleLine } from "../../../kernel/text.js";
import { Bucket } from "../buckets.js";
import { resemblesInternalUsage } from "../internal-usages.js";
import { slashed } from "./local-source.js";
import { badEntry } from "./media-import.errors.js";

/** An entry of a manifest. */
export interface ImportEntry {
  /** A path below the base folder, or an http(s) URL. */
  readonly source: string;
  readonly bucket: Bucket;
  /** A slug or an id. */
  readonly company: string;
  /** The usage of the file: a resource type, a resource and a field. */
  readonly resourceType: string;
  readonly resourceId: string;
  readonly fieldName: string;
  /** The file name; by default the one of the source. */
  readonly fileName: string | null;
  /** E-mail address of the uploader; by default the one of the import. */
  readonly uploader: string | null;
}

const REQUIRED = ["source", "bucket", "company", "resourceType", "resourceId", "fieldName"] as const;
const OPTIONAL = ["fileName", "uploader"] as const;
export const ENTRY_FIELDS: readonly string[] = [...REQUIRED, ...OPTIONAL];

/** The internal usages that can be imported, a company's logo and a person's avatar, and their buckets. */
const IMPORTABLE: Readonly<Record<string, { readonly fieldName: string; readonly bucket: Bucket }>> = {
  company: { fieldName: "logo", bucket: "COMPANY_LOGOS" },
  user: { fieldName: "avatar", bucket: "AVATARS" },
};
const MAX_LENGTH = 200;
const MAX_SOURCE_LENGTH = 4_096;
const NAME_FORM = /^[A-Za-z][A-Za-z0-9_.-]*$/;

/**
 * Parses the fields of a line, of either format.
 *
 * @throws ImportFault BAD_ENTRY with everything that is wrong with it
 */
export function parseEntry(fields: Readonly<Record<string, unknown>>): ImportEntry {
  const problems = Object.keys(fields)
    .filter((name) => !ENTRY_FIELDS.includes(name))
    .map((name) => `there is no field ${JSON.stringify(name)}; there are ${ENTRY_FIELDS.join(", ")}`);
  const text = (name: string): string => {
    const value = fields[name] ?? "";
    if (typeof value !== "string" && typeof value !== "number") problems.push(`${name} must be a text`);
    const given = name === "fileName" ? singleLine(String(value)) : String(value).trim();
    const most = name === "source" ? MAX_SOURCE_LENGTH : MAX_LENGTH;
    if (given.length > most) problems.push(`${name} may have ${most} characters`);
    if (/\p{Cc}/u.test(given)) problems.push(`${name} holds control characters`);
    return given;
  };
  const entry = {
    source: text("source"),
    bucket: text("bucket").toUpperCase() as Bucket,
    company: text("company"),
    resourceType: text("resourceType"),
    resourceId: text("resourceId"),
    fieldName: text("fieldName"),
    fileName: text("fileName") || null,
    uploader: text("uploader") || null,
  };
  for (const name of REQUIRED) if (entry[name] === "") problems.push(`${name} is missing`);
  problems.push(...problemsOfValues(entry));
  if (problems.length > 0) throw badEntry(`This entry cannot be read: ${problems.join("; ")}.`);
  return entry;
}

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

/**
 * Identifies an entry in this manifest or another: by its source and its usage. The rest of the line may be corrected
 * without making it another entry.
 *
 * @param resourceId as it is stored
 * @returns the hash to record, and after it what earlier versions recorded for a source that is written like this one
 */
export function entryHashes(
  { source, bucket, resourceType, fieldName }: ImportEntry,
  resourceId: string,
): [string, ...string[]] {
  const hashOf = (written: string): string => {
    const identity = JSON.stringify([written, bucket, resourceType, resourceId, fieldName]);
    return createHash("sha256").update(identity).digest("hex");
  };
  const plain = isWebSource(source) ? source : slashed(source).normalize("NFC");
  return plain === source ? [hashOf(source)] : [hashOf(plain), hashOf(source)];
}

/** A source for a report: without user name and password. */
export const shownSource = (source: string): string =>
  isWebSource(source) ? source.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/?#]*@/i, "$1***@") : source;
