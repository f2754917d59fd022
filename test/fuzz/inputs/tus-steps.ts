import type { World } from "../kit/fuzz-world.js";
import { mutateBytes } from "../kit/mutate-bytes.js";
import type { Source } from "../kit/source.js";
import { oddText } from "./odd-values.js";

/** One request of a conversation. In its head, `{id}` stands for the upload that the conversation has created. */
export interface Step {
  readonly line: string;
  readonly headers: readonly string[];
  readonly body: Buffer;
  readonly ending: "wait" | "half-close" | "break";
  /** The head was bent byte by byte: it may be no request at all. */
  readonly isBent: boolean;
  /** Sent together with the step before. */
  readonly isParallel: boolean;
  /** Asks for the offset first, and sends this share of what is missing from there on, instead of a body of its own. */
  readonly shareOfRest?: number;
}

export const base64 = (text: string): string => Buffer.from(text).toString("base64");
export const VERSION = "Tus-Resumable: 1.0.0";
export const BYTES = "Content-Type: application/offset+octet-stream";

function step(
  source: Source,
  line: string,
  headers: readonly string[],
  body: Buffer = Buffer.alloc(0),
): Step {
  const kept = headers.filter(() => !source.chance(0.03));
  const changed = kept.map((header) => (source.chance(0.06) ? bentHeader(header, source) : header));
  const added = source.chance(0.15) ? [oddHeader(source)] : [];
  const isCut = body.length > 1 && source.chance(0.15);
  const all = isCut ? body.subarray(0, source.int(0, body.length - 1)) : body;
  const bent = source.chance(0.05);
  return {
    line: bent ? mutateBytes(Buffer.from(line), source, 1).toString("latin1") : line,
    headers: [...changed, ...added],
    body: all,
    ending: isCut || source.chance(0.05) ? source.one(["half-close", "break"] as const) : "wait",
    // Headers about the body's length may make the server wait for more, or take a part of it for another request.
    isBent:
      bent ||
      changed.length < headers.length ||
      changed.some((header, n) => header !== kept[n]) ||
      added.length > 0,
    isParallel: source.chance(0.25),
  };
}

/** The request that creates an upload. */
export function creation(source: Source, content: Buffer, { ids }: World): Step {
  const metadata = [
    `bucket ${base64(source.chance(0.9) ? "ATTACHMENTS" : oddText(source).slice(0, 500))}`,
    `filename ${base64(source.chance(0.8) ? "lamp.txt" : oddText(source).slice(0, 500))}`,
    `companyId ${base64(source.chance(0.9) ? ids.companyId : source.one(Object.values(ids)))}`,
    ...(source.chance(0.1) ? [`x ${base64(oddText(source).slice(0, 500))}`] : []),
    ...(source.chance(0.05)
      ? [source.one(["bucket QQ==", "y", " ", "z %%%", "é QQ==", "__proto__ QQ=="])]
      : []),
  ].join(",");
  const size = source.chance(0.85)
    ? content.length
    : source.one([0, 1, -1, content.length + 10, 2 ** 40, 2 ** 53, 1e30]);
  const isWithBytes = source.chance(0.3);
  const body = isWithBytes ? content.subarray(0, source.int(0, content.length)) : Buffer.alloc(0);
  return step(
    source,
    "POST /uploads",
    [
      VERSION,
      `Upload-Metadata: ${metadata}`,
      source.chance(0.85) ? `Upload-Length: ${size}` : "Upload-Defer-Length: 1",
      `Content-Length: ${body.length}`,
      ...(isWithBytes ? [BYTES] : []),
    ],
    body,
  );
}

/** A request about the upload that was created, or about another. */
export function laterStep(source: Source, content: Buffer, world: World): Step {
  const kind = source.next();
  if (kind < 0.15) return step(source, "HEAD /uploads/{id}", [VERSION]);
  if (kind < 0.22) return step(source, "DELETE /uploads/{id}", [VERSION]);
  if (kind < 0.26)
    return step(source, `${source.one(["GET", "PUT", "OPTIONS", "TRACE", "FOO"])} /uploads/{id}`, [VERSION]);
  if (kind < 0.3)
    return step(
      source,
      `${source.one(["HEAD", "PATCH", "DELETE"])} /uploads/${encodeURIComponent(
        oddText(source)
          .slice(0, 300)
          .replace(/[\ud800-\udfff]/g, ""),
      )}`,
      [VERSION, BYTES, "Upload-Offset: 0", "Content-Length: 0"],
    );
  if (kind < 0.33) return creation(source, content, world);
  if (kind < 0.43) return useIt(source, world);
  return patch(source, content);
}

function patch(source: Source, content: Buffer): Step {
  // Pieces as a client sends them, from the beginning, and from anywhere.
  const half = Math.floor(content.length / 2);
  const [from, to] = source.one([
    [0, content.length],
    [0, half],
    [half, content.length],
    [source.int(0, content.length), content.length],
    [0, 0],
  ] as const);
  const offset = source.chance(0.85) ? from : source.one([1, -1, content.length, 2 ** 53, 2 ** 40]);
  const body = content.subarray(from, to);
  const isByPost = source.chance(0.1);
  return step(
    source,
    `${isByPost ? "POST" : "PATCH"} /uploads/{id}`,
    [
      VERSION,
      BYTES,
      `Upload-Offset: ${offset}`,
      `Content-Length: ${body.length}`,
      ...(isByPost ? ["X-HTTP-Method-Override: PATCH"] : []),
      ...(source.chance(0.15)
        ? [`Upload-Length: ${source.one([content.length, 1, content.length + 5])}`]
        : []),
      ...(source.chance(0.1)
        ? [
            `Upload-Checksum: ${source.one(["sha1 AAAA", "md5 x", "crc32 AAAA", "sha256 ", `sha1 ${base64(oddText(source).slice(0, 500))}`])}`,
          ]
        : []),
    ],
    body,
  );
}

/** The upload is completed, used or cancelled by a mutation while its bytes may still be under way. */
function useIt(source: Source, { ids: { companyId } }: World): Step {
  const query = source.one([
    'mutation { completeUpload(id: "{id}") { id } }',
    'mutation { cancelUpload(id: "{id}") { id } }',
    `mutation { uploadMedia(input: { companyId: "${companyId}", bucket: ATTACHMENTS, stagedUploadId: "{id}" }) { id } }`,
    `mutation { createTicket(input: { companyId: "${companyId}", subject: "Lamp", stagedUploadIds: ["{id}", "{id}"] }) { id } }`,
  ]);
  return { ...graphqlStep(query), isParallel: source.chance(0.4) };
}

export function graphqlStep(query: string): Step {
  const body = Buffer.from(JSON.stringify({ query }));
  // Every id is as long as the other.
  const length = body.length + (query.split("{id}").length - 1) * (36 - "{id}".length);
  return {
    line: "POST /graphql",
    headers: ["Content-Type: application/json", `Content-Length: ${length}`],
    body,
    ending: "wait",
    isBent: false,
    isParallel: false,
  };
}

function bentHeader(header: string, source: Source): string {
  const [name = "", value = ""] = header.split(": ", 2);
  return source.one([
    `${name}: ${value}\r\n${name}: ${value}`,
    `${name}:`,
    `${name}: ${"9".repeat(source.size(200))}`,
    `${name}: -${value}`,
    `${name}: ${value}, ${value}`,
    `${name}: ${mutateBytes(Buffer.from(value), source, 1)
      .toString("latin1")
      .replace(/[\r\n]/g, "")}`,
    `${name.toUpperCase()}: ${value}`,
    `${name} : ${value}`,
  ]);
}

const oddHeader = (source: Source): string =>
  source.one([
    "Upload-Concat: partial",
    "Upload-Concat: final;/uploads/a /uploads/b",
    "Upload-Defer-Length: 2",
    "Tus-Resumable: 0.2.2",
    "Transfer-Encoding: chunked",
    "Expect: 100-continue",
    "Content-Encoding: gzip",
    "X-HTTP-Method-Override: DELETE",
    "X-HTTP-Method-Override: TRACE",
    "Origin: https://elsewhere.test",
    "Upgrade: websocket",
    `X-Long: ${"x".repeat(source.size(20_000))}`,
    "Upload-Checksum: sha1 2jmj7l5rSw0yVb/vlWAYkK/YBwk=",
  ]);
