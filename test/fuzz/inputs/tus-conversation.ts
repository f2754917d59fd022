import type { World } from "../kit/fuzz-world.js";
import type { Source } from "../kit/source.js";
import type { Step } from "./tus-steps.js";
import { BYTES, base64, creation, graphqlStep, laterStep, VERSION } from "./tus-steps.js";

export interface Conversation {
  readonly steps: readonly Step[];
  /** Whether what is taken in the end has to be the content: no step sends other bytes. */
  readonly isExact: boolean;
}

/** Half of the conversations go wrong from the first request on; the others get as far as a use of the upload. */
export function conversation(source: Source, content: Buffer, world: World): Conversation {
  if (source.chance(0.5)) return completeUpload(source, content, world);
  const steps = Array.from({ length: source.int(1, 9) }, () => laterStep(source, content, world));
  return { steps: [creation(source, content, world), ...steps], isExact: false };
}

/** What an upload is begun for, and the mutations that take it. */
const uses = ({ ids: { companyId, ticketId, conversationId } }: World) =>
  [
    [
      `bucket ${base64("ATTACHMENTS")},companyId ${base64(companyId)}`,
      `uploadMedia(input: { companyId: "${companyId}", bucket: ATTACHMENTS, stagedUploadId: "{id}" }) { id url }`,
    ],
    [
      `bucket ${base64("ATTACHMENTS")},companyId ${base64(companyId)}`,
      `createTicket(input: { companyId: "${companyId}", subject: "Lamp", stagedUploadIds: ["{id}"] }) { id }`,
    ],
    [
      `bucket ${base64("ATTACHMENTS")},ticketId ${base64(ticketId)}`,
      `uploadTicketAttachments(input: { ticketId: "${ticketId}", stagedUploadIds: ["{id}"] }) { id }`,
    ],
    [
      `bucket ${base64("CHAT")},conversationId ${base64(conversationId)}`,
      `sendMessage(input: { conversationId: "${conversationId}", body: "Look", stagedUploadIds: ["{id}"] }) { id }`,
    ],
  ] as const;

/** An upload in pieces up to its use, as a client does it whose connections break off; then with a step that is wrong. */
function completeUpload(source: Source, content: Buffer, world: World): Conversation {
  const [target, mutation] = source.one(uses(world));
  const isDeferred = source.chance(0.2);
  const pieces = Array.from({ length: source.int(0, 4) }, () => [
    ...(source.chance(0.25) ? [disturbance(source, content)] : []),
    continuation(source, source.next(), []),
  ]).flat();
  const length = isDeferred ? [`Upload-Length: ${content.length}`] : [];
  const use = graphqlStep(`mutation { ${mutation} }`);
  const steps = [
    plain("POST /uploads", [
      `Upload-Metadata: filename ${base64("lamp.txt")},${target}`,
      isDeferred ? "Upload-Defer-Length: 1" : `Upload-Length: ${content.length}`,
      "Content-Length: 0",
    ]),
    ...pieces,
    { ...continuation(source, 1, length), ending: "wait", isParallel: false } as const,
    ...(source.chance(0.3) ? [graphqlStep('mutation { completeUpload(id: "{id}") { id } }')] : []),
    use,
    ...Array.from({ length: source.int(0, 2) }, () => afterwards(source, use)),
  ];
  if (source.chance(0.6)) return { steps, isExact: true };
  const at = source.int(1, steps.length - 1);
  const wrong = laterStep(source, content, world);
  return { steps: [...steps.slice(0, at), wrong, ...steps.slice(at)], isExact: false };
}

const plain = (line: string, headers: readonly string[], body: Buffer = Buffer.alloc(0)): Step => ({
  line,
  headers: [VERSION, ...headers],
  body,
  ending: "wait",
  isBent: false,
  isParallel: false,
});

const continuation = (source: Source, shareOfRest: number, headers: readonly string[]): Step => ({
  ...plain("PATCH /uploads/{id}", [BYTES, ...headers]),
  ending: source.chance(0.2) ? source.one(["half-close", "break"] as const) : "wait",
  isParallel: source.chance(0.15),
  shareOfRest,
});

/** What is refused or changes nothing. */
const disturbance = (source: Source, content: Buffer): Step =>
  source.one<() => Step>([
    () => plain("HEAD /uploads/{id}", []),
    () => plain("GET /uploads/{id}", []),
    () => plain("OPTIONS /uploads/{id}", []),
    () => plain("PATCH /uploads/{id}", [BYTES, `Upload-Offset: ${content.length + 1}`, "Content-Length: 0"]),
    () => plain("PATCH /uploads/{id}", [BYTES, "Upload-Offset: 0", "Content-Length: 0"]),
    // The checksum of other bytes: these are not kept.
    () =>
      plain(
        "PATCH /uploads/{id}",
        [
          BYTES,
          "Upload-Offset: 0",
          "Upload-Checksum: sha1 2jmj7l5rSw0yVb/vlWAYkK/YBwk=",
          `Content-Length: ${content.length}`,
        ],
        content,
      ),
    () => graphqlStep('{ stagedUpload(id: "{id}") { id } }'),
  ])();

/** What comes when the upload has been used. */
const afterwards = (source: Source, use: Step): Step =>
  source.one<() => Step>([
    () => use,
    () => ({ ...use, isParallel: true }),
    () => plain("HEAD /uploads/{id}", []),
    () => plain("DELETE /uploads/{id}", []),
    () => plain("PATCH /uploads/{id}", [BYTES, "Upload-Offset: 0", "Content-Length: 0"]),
    () => graphqlStep('mutation { cancelUpload(id: "{id}") { id } }'),
  ])();
