import { createHash } from "node:crypto";
import type { Door, Outcome, Place } from "../kit/door.js";
import { judgeAnswer } from "../kit/known-answers.js";
import { headOf, sendRaw } from "../kit/raw-http.js";
import { mutateFile } from "./mutate-file.js";
import type { SeedFile } from "./seed-files.js";
import { loadSeedFiles } from "./seed-files.js";

interface FileCase extends SeedFile {
  readonly bucket: string;
}

const BOUNDARY = "fuzz-boundary";
const BUCKETS = ["ATTACHMENTS", "ATTACHMENTS", "ATTACHMENTS", "ATTACHMENTS", "CHAT", "PUBLIC_PAGES"];
/** Those that only images and videos may go to. */
const SHOWN = ["PHOTOS", "VIDEOS", "COMPANY_LOGOS"];
const SHOWN_NAME = /\.(?:jpe?g|png|gif|webp|mp4|webm|mov)$/;
const FIELDS = "id url mimeType size width height duration placeholder scanStatus metadata { __typename }";

/** Files of all accepted kinds, mutated: what is taken comes back as it was sent. */
export async function openFilesDoor(): Promise<Door<FileCase>> {
  const seeds = await loadSeedFiles();
  return {
    name: "files",
    cases: 20_000,
    atOnce: 4,
    make(source) {
      const file = mutateFile(seeds, source);
      const isShown = SHOWN_NAME.test(file.fileName) && source.chance(0.3);
      return { ...file, bucket: source.one(isShown ? SHOWN : BUCKETS) };
    },
    play,
    sequence: { of: ({ bytes }) => bytes, replace: (input, bytes) => ({ ...input, bytes: bytes as Buffer }) },
    describe: ({ bytes, ...how }) => ({ how, bytes }),
  };
}

async function play(input: FileCase, { server: { port }, world }: Place): Promise<Outcome> {
  const { field, type, variables, path, selection } = uploadOf(input, world.ids);
  // Managers may give a company its logo; agents may do all else.
  const name = input.bucket === "COMPANY_LOGOS" ? "manager" : "agent";
  const sender = world.callers.find((caller) => caller.name === name);
  const authorization = `Authorization: Bearer ${sender?.token}`;
  const query = `mutation ($i: ${type}!) { ${field}(input: $i) { ${selection} } }`;
  const body = bodyOf(input, { operations: { query, variables: { i: variables } }, path });
  const lines = [
    "Host: x",
    "Connection: close",
    `Content-Type: multipart/form-data; boundary=${BOUNDARY}`,
    `Content-Length: ${body.length}`,
    authorization,
  ];
  const answer = await sendRaw({ port, pieces: [headOf("POST /graphql", lines), body] });
  const outcome = judgeAnswer(answer, { isGraphQL: true });
  if (typeof answer === "string" || outcome.problem !== null || answer.status !== 200) return outcome;
  const url = /"url":"([^"]+)"/.exec(answer.body.toString("utf8"))?.[1];
  return url ? comesBack(input, { port, url, authorization }) : outcome;
}

interface Stored {
  readonly port: number;
  readonly url: string;
  readonly authorization: string;
}

/** Whether the file that was taken is given out as it was sent; images of public buckets are encoded anew. */
async function comesBack(
  { bytes, bucket }: FileCase,
  { port, url, authorization }: Stored,
): Promise<Outcome> {
  const { pathname } = new URL(url);
  const head = headOf(`GET ${pathname}?inline`, ["Host: x", "Connection: close", authorization]);
  const answer = await sendRaw({ port, pieces: [head] });
  const outcome = judgeAnswer(answer);
  if (typeof answer === "string" || outcome.problem !== null || bucket === "PUBLIC_PAGES")
    return { ...outcome, isAccepted: true };
  const isSame = hashOf(answer.body) === hashOf(bytes);
  return {
    said: `taken ${answer.status}`,
    problem: answer.status === 200 && !isSame ? "other bytes came back" : null,
    isAccepted: true,
  };
}

const hashOf = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");

/** The mutation that takes files of a bucket. */
function uploadOf({ bucket }: FileCase, ids: Place["world"]["ids"]) {
  const { companyId, ticketId, conversationId } = ids;
  const one = (field: string, owner: object, selection = "id") => ({
    field,
    type: `${field[0]!.toUpperCase()}${field.slice(1)}Input`,
    variables: { ...owner, file: null } as object,
    path: "variables.i.file",
    selection,
  });
  if (bucket === "PHOTOS") return one("createPhoto", { ticketId });
  if (bucket === "VIDEOS") return one("createVideoClip", { ticketId });
  if (bucket === "COMPANY_LOGOS") return one("setCompanyLogo", { companyId });
  if (bucket !== "CHAT") return one("uploadMedia", { companyId, bucket }, FIELDS);
  return {
    ...one("sendMessage", {}, "attachments { nodes { url } }"),
    variables: { conversationId, files: [null] },
    path: "variables.i.files.0",
  };
}

interface Operation {
  readonly operations: object;
  /** Where the file is in it. */
  readonly path: string;
}

function bodyOf({ fileName, bytes }: FileCase, { operations, path }: Operation): Buffer {
  const field = (name: string, value: object) =>
    `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${JSON.stringify(value)}\r\n`;
  return Buffer.concat([
    Buffer.from(field("operations", operations)),
    Buffer.from(field("map", { 0: [path] })),
    Buffer.from(`--${BOUNDARY}\r\nContent-Disposition: form-data; name="0"; filename="${fileName}"\r\n\r\n`),
    bytes,
    Buffer.from(`\r\n--${BOUNDARY}--\r\n`),
  ]);
}
