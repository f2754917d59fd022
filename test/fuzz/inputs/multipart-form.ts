import { makePdf } from "../../support/make-files.js";
import type { World } from "../kit/fuzz-world.js";
import type { Source } from "../kit/source.js";
import { ODD_HEADERS, oddMap, oddOperations } from "./odd-form-parts.js";

export interface FormPart {
  /** Its header lines, without the empty one at their end. */
  readonly headers: string;
  readonly content: Buffer;
}

export interface MultipartForm {
  readonly boundary: string;
  readonly preamble: string;
  readonly parts: readonly FormPart[];
  /** What stands in place of the closing boundary. */
  readonly closing: string;
}

export const bytesOf = ({ boundary, preamble, parts, closing }: MultipartForm): Buffer =>
  Buffer.concat([
    Buffer.from(preamble),
    ...parts.flatMap(({ headers, content }) => [
      Buffer.from(`--${boundary}\r\n${headers}\r\n\r\n`, "latin1"),
      content,
      Buffer.from("\r\n"),
    ]),
    Buffer.from(closing, "latin1"),
  ]);

const field = (name: string, value: unknown): FormPart => ({
  headers: `Content-Disposition: form-data; name="${name}"`,
  content: Buffer.from(typeof value === "string" ? value : (JSON.stringify(value) ?? "")),
});

const file = (name: string, fileName: string, content: Buffer): FormPart => ({
  headers: `Content-Disposition: form-data; name="${name}"; filename="${fileName}"\r\nContent-Type: text/plain`,
  content,
});

/** Operations that take files: the field, its input without them, and where the files are in it. */
const uploads = ({ ids }: World) =>
  [
    ["uploadMedia", { companyId: ids.companyId, bucket: "ATTACHMENTS" }, "file"],
    ["createTicket", { companyId: ids.companyId, subject: "Lamp" }, "files"],
    ["uploadTicketAttachments", { ticketId: ids.ticketId }, "files"],
    ["addReply", { ticketId: ids.ticketId, body: "It still does" }, "files"],
    ["uploadReplyAttachments", { replyId: ids.replyId }, "files"],
    ["sendMessage", { conversationId: ids.conversationId, body: "Look" }, "files"],
    ["setCompanyLogo", { companyId: ids.companyId }, "file"],
    ["replaceMediaFile", { id: ids.mediaFileId }, "file"],
    ["createPhoto", { ticketId: ids.ticketId }, "file"],
  ] as const;

/** A form that is as it should be. */
export function randomForm(source: Source, world: World): MultipartForm {
  const [name, input, at] = source.one(uploads(world));
  const count = at === "files" ? source.int(0, 4) : 1;
  const type = `${name[0]!.toUpperCase()}${name.slice(1)}Input`;
  const operations = {
    query: `mutation ($i: ${type}!) { ${name}(input: $i) { __typename } }`,
    variables: { i: { ...input, [at]: at === "files" ? new Array(count).fill(null) : null } },
  };
  const path = (n: number) => (at === "files" ? `variables.i.files.${n}` : "variables.i.file");
  const map = Object.fromEntries(Array.from({ length: count }, (_, n) => [n, [path(n)]]));
  const boundary = `fuzz${source.int(0, 1e9)}`;
  return {
    boundary,
    preamble: "",
    parts: [
      field("operations", operations),
      field("map", map),
      ...Array.from({ length: count }, (_, n) => file(String(n), ...contentOf(source))),
    ],
    closing: `--${boundary}--\r\n`,
  };
}

const contentOf = (source: Source): [string, Buffer] =>
  source.one<() => [string, Buffer]>([
    () => ["a.txt", Buffer.from(`The lamp flickers ${source.int(0, 1e9)}`)],
    () => ["a.pdf", makePdf(String(source.int(0, 1e9)))],
    () => ["a.txt", Buffer.alloc(source.size(300_000), "a")],
    () => ["a.txt", Buffer.alloc(0)],
  ])();

type Bend = (form: MultipartForm, source: Source) => MultipartForm;

const withParts = (form: MultipartForm, parts: readonly FormPart[]): MultipartForm => ({ ...form, parts });

/** One of the parts, changed. */
const changePart =
  (change: (part: FormPart, source: Source, form: MultipartForm) => FormPart): Bend =>
  (form, source) => {
    if (form.parts.length === 0) return form;
    const at = source.int(0, form.parts.length - 1);
    return withParts(
      form,
      form.parts.map((part, n) => (n === at ? change(part, source, form) : part)),
    );
  };

const BENDS: readonly Bend[] = [
  (form, source) =>
    withParts(form, [...form.parts, source.one(form.parts.length > 0 ? form.parts : [field("a", "b")])]),
  (form, source) =>
    withParts(
      form,
      form.parts.filter(() => source.chance(0.7)),
    ),
  (form, source) =>
    withParts(
      form,
      [...form.parts].sort(() => source.next() - 0.5),
    ),
  (form, source) =>
    withParts(
      form,
      [...form.parts].sort(() => source.next() - 0.5),
    ),
  (form, source) =>
    withParts(form, [...form.parts, ...Array.from({ length: source.size(3_000) }, () => field("x", ""))]),
  (form, source) =>
    withParts(form, [
      ...form.parts,
      ...Array.from({ length: source.size(300) }, (_, n) => file(String(n), "a.txt", Buffer.from("x"))),
    ]),
  (form, source) =>
    withParts(
      form,
      form.parts.map((part) => (/name="map"/.test(part.headers) ? field("map", oddMap(source)) : part)),
    ),
  (form, source) =>
    withParts(
      form,
      form.parts.map((part) => (/name="map"/.test(part.headers) ? field("map", oddMap(source)) : part)),
    ),
  (form, source) =>
    withParts(
      form,
      form.parts.map((part) =>
        /name="operations"/.test(part.headers) ? field("operations", oddOperations(source)) : part,
      ),
    ),
  changePart((part, source) => ({ ...part, headers: source.one(ODD_HEADERS)(source) })),
  changePart((part, source) => ({ ...part, headers: source.one(ODD_HEADERS)(source) })),
  // What looks like a boundary, or begins as one.
  changePart((part, source, { boundary }) => ({
    ...part,
    content: Buffer.concat([
      part.content,
      Buffer.from(
        source.one([
          `\r\n--${boundary}`,
          `\r\n--${boundary.slice(0, -1)}`,
          `\n--${boundary}\n`,
          `\r\n--${boundary}x`,
          "\r\n".repeat(source.size(2_000)),
          `\r\n--${boundary}--\r\nmore`,
          `\r\n--${boundary} \t\r\n`,
        ]),
      ),
    ]),
  })),
  changePart((part) => ({ ...part, content: Buffer.alloc(0) })),
  (form, source) => ({
    ...form,
    closing: source.one([
      "",
      "\r\n",
      `--${form.boundary}`,
      `--${form.boundary}-`,
      `--${form.boundary}--`,
      `--${form.boundary}--\r\n${"epilogue".repeat(source.size(20_000))}`,
      `--${form.boundary}--\r\n--${form.boundary}--\r\n`,
    ]),
  }),
  (form, source) => ({
    ...form,
    preamble: source.one([
      "\r\n",
      "preamble\r\n",
      "x".repeat(source.size(200_000)),
      "--",
      `--${form.boundary.slice(0, 3)}`,
    ]),
  }),
  (form, source) => {
    const boundary = source.one([
      "a",
      "-",
      "--",
      "x".repeat(70),
      "y".repeat(source.size(3_000)),
      "'()+_,-./:=?",
      "a b",
      "\u00ff",
    ]);
    return { ...form, boundary, closing: `--${boundary}--\r\n` };
  },
];

/** The form, wrong in one way more. */
export const bendForm = (form: MultipartForm, source: Source): MultipartForm =>
  source.one(BENDS)(form, source);
