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
const FIELDS = `id url mimeType size width height duration placeholder scanStatus metadata { __typename }`;
const QUERY = `mutation ($i: UploadMediaInput!) { uploadMedia(input: $i) { ${FIELDS} } }`;
/** Also those that only images and videos may go to. */
const SHOWN: readonly (readonly [string, string, string])[] = [
  ["PHOTOS", "createPhoto", "CreatePhotoInput"],
  ["VIDEOS", "createVideoClip", "CreateVideoClipInput"],
  ["COMPANY_LOGOS", "setCompanyLogo", "SetCompanyLogoInput"],
];
const SHOWN_NAME = /\.(?:jpe?g|png|gif|webp|mp4|webm|mov)$/;
const OF_SHOWN = new Map(SHOWN.map(([bucket, ...field]) => [bucket, field]));

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
      return { ...file, bucket: isShown ? source.one(SHOWN)[0] : source.one(BUCKETS) };
    },
    play,
    sequence: { of: ({ bytes }) => bytes, replace: (input, bytes) => ({ ...input, bytes: bytes as Buffer }) },
    describe: ({ bytes, ...how }) => ({ how, bytes }),
  };
}

async function play(input: FileCase, { server: { port }, world }: Place): Promise<Outcome> {
  const authorization = `Authorization: Bearer ${world.agent.token}`;
  const body = bodyOf(input, operationsOf(input, world.ids));
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
  const { data } = JSON.parse(answer.body.toString("utf8")) as {
    data: Record<string, { url?: string } | null>;
  };
  const url = data.uploadMedia?.url;
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
  if (typeof answer === "string" || outcome.problem !== null || bucket === "PUBLIC_PAGES") return outcome;
  const isSame = hashOf(answer.body) === hashOf(bytes);
  return {
    said: `taken ${answer.status}`,
    problem: answer.status === 200 && !isSame ? "other bytes came back" : null,
  };
}

const hashOf = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");

function operationsOf({ bucket }: FileCase, { companyId, ticketId }: Place["world"]["ids"]): object {
  const field = OF_SHOWN.get(bucket);
  if (!field) return { query: QUERY, variables: { i: { companyId, bucket, file: null } } };
  const [name, type] = field;
  const owner = bucket === "COMPANY_LOGOS" ? { companyId } : { ticketId };
  return {
    query: `mutation ($i: ${type}!) { ${name}(input: $i) { id } }`,
    variables: { i: { ...owner, file: null } },
  };
}

function bodyOf({ fileName, bytes }: FileCase, operations: object): Buffer {
  const field = (name: string, value: object) =>
    `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${JSON.stringify(value)}\r\n`;
  return Buffer.concat([
    Buffer.from(field("operations", operations)),
    Buffer.from(field("map", { 0: ["variables.i.file"] })),
    Buffer.from(`--${BOUNDARY}\r\nContent-Disposition: form-data; name="0"; filename="${fileName}"\r\n\r\n`),
    bytes,
    Buffer.from(`\r\n--${BOUNDARY}--\r\n`),
  ]);
}
