import type { Door, Outcome, Place } from "../kit/door.js";
import type { Caller } from "../kit/fuzz-world.js";
import { judgeAnswer } from "../kit/known-answers.js";
import type { RawAnswer } from "../kit/raw-http.js";
import { headOf, sendRaw } from "../kit/raw-http.js";
import type { Conversation } from "./tus-conversation.js";
import { conversation } from "./tus-conversation.js";
import type { Step } from "./tus-steps.js";

interface TusCase extends Conversation {
  readonly caller: Caller;
  readonly content: Buffer;
}

/** Conversations over tus: creations, pieces at right and wrong offsets, side by side, cut off, and removed meanwhile. */
export const tusDoor: Door<TusCase> = {
  name: "tus",
  cases: 2_500,
  // They mostly wait: for locks, and until bytes are durable.
  atOnce: 8,
  make(source, world) {
    const content = Buffer.from(`${"The lamp flickers. ".repeat(source.size(3_000))}${source.int(0, 1e9)}`);
    const caller = source.chance(0.9) ? world.agent : source.one(world.callers);
    return { caller, content, ...conversation(source, content, world) };
  },
  play,
  sequence: {
    of: ({ steps }) => steps,
    replace: (input, steps) => ({ ...input, steps: steps as readonly Step[] }),
  },
  describe: ({ caller, steps }) => ({
    how: { caller: caller.name },
    bytes: Buffer.from(
      JSON.stringify(
        steps.map(({ body, ...step }) => ({ ...step, body: body.toString("latin1") })),
        null,
        1,
      ),
    ),
  }),
};

type Answer = RawAnswer | "closed" | "silent";

interface Sent {
  readonly step: Step;
  readonly answer: Answer;
}

async function play(input: TusCase, place: Place): Promise<Outcome> {
  const answers = await converse(input, place);
  const said: string[] = [];
  let isAccepted = false;
  for (const [n, { step, answer }] of answers.entries()) {
    const outcome = judgeAnswer(answer, { isGraphQL: step.line.includes("/graphql") });
    said.push(outcome.said);
    if (outcome.problem !== null && !(answer === "closed" && !isOwed(answers, n))) return outcome;
    if (!outcome.isAccepted || !step.line.startsWith("POST /graphql")) continue;
    isAccepted = true;
    const problem = input.isExact ? await otherBytes(answer as RawAnswer, input, place) : null;
    if (problem !== null) return { said: "!", problem };
  }
  return { said: said.sort().join(", ").slice(0, 60), problem: null, isAccepted };
}

/**
 * Whether the client has waited for the answer, and no other request was about the upload meanwhile: of two that write
 * to it the server ends the earlier, be it in the middle of its body. It may not have noticed yet that a client has left.
 */
function isOwed(answers: readonly Sent[], n: number): boolean {
  const { step } = answers[n]!;
  const isAlone = !step.isParallel && answers[n + 1]?.step.isParallel !== true;
  const hasLeft = answers.slice(0, n).some((before) => before.step.ending !== "wait" || before.step.isBent);
  return step.ending === "wait" && !step.isBent && isAlone && !hasLeft;
}

/** Sends the steps, those that are parallel without waiting for the one before. */
async function converse({ caller, content, steps }: TusCase, { server: { port } }: Place): Promise<Sent[]> {
  let id = "00000000-0000-0000-0000-000000000000";
  const running: Promise<Sent>[] = [];
  const send = async (step: Step) => ({ step, answer: await sendStep(step, { port, caller, id, content }) });
  for (const step of steps) {
    if (!step.isParallel) await Promise.all(running);
    const sent = send(step);
    running.push(sent);
    if (step.line.startsWith("POST /uploads")) {
      const { answer } = await sent;
      const location = typeof answer === "string" ? undefined : answer.headers.get("location");
      id = location?.split("/").at(-1) ?? id;
    }
  }
  return Promise.all(running);
}

/** Whether a file that was made of the upload is not what was sent; null as well if the answer tells of none. */
async function otherBytes(
  { body }: RawAnswer,
  { caller, content }: TusCase,
  { server: { port } }: Place,
): Promise<string | null> {
  const { data } = JSON.parse(body.toString("utf8")) as { data: { uploadMedia?: { url?: string } } };
  if (!data.uploadMedia?.url) return null;
  const line = `GET ${new URL(data.uploadMedia.url).pathname}`;
  const file = await sendRaw({ port, pieces: [headOf(line, linesOf(caller, []))] });
  // It may have been removed by another case.
  if (typeof file === "string") return `no answer: ${file}`;
  return file.status === 200 && !file.body.equals(content) ? "other bytes came back" : null;
}

interface Sender {
  readonly port: number;
  readonly caller: Caller;
  readonly id: string;
  readonly content: Buffer;
}

const linesOf = ({ token }: Caller, headers: readonly string[]): string[] => [
  "Host: x",
  "Connection: close",
  ...(token ? [`Authorization: Bearer ${token}`] : []),
  ...headers,
];

async function sendStep(step: Step, sender: Sender): Promise<Answer> {
  const { line, headers, body, ending, isBent } =
    step.shareOfRest === undefined ? step : await continued(step, sender);
  const { port, caller, id } = sender;
  const text = body.toString("latin1");
  const sent = text.includes("{id}") ? Buffer.from(text.replaceAll("{id}", id), "latin1") : body;
  return sendRaw({
    port,
    pieces: [headOf(line.replaceAll("{id}", id), linesOf(caller, headers)), sent],
    ending: isBent && ending === "wait" ? "half-close" : ending,
    isHead: line.startsWith("HEAD"),
  });
}

/** The step with the bytes that the server asks for; half of them if the client is to leave before the end. */
async function continued(step: Step, { port, caller, id, content }: Sender): Promise<Step> {
  const head = headOf(`HEAD /uploads/${id}`, linesOf(caller, ["Tus-Resumable: 1.0.0"]));
  const answer = await sendRaw({ port, pieces: [head], isHead: true });
  const offset = typeof answer === "string" ? 0 : Number(answer.headers.get("upload-offset") ?? 0);
  const rest = content.subarray(offset);
  const piece = rest.subarray(0, Math.ceil(rest.length * (step.shareOfRest ?? 1)));
  return {
    ...step,
    headers: [...step.headers, `Upload-Offset: ${offset}`, `Content-Length: ${piece.length}`],
    body: step.ending === "wait" ? piece : piece.subarray(0, piece.length / 2),
  };
}
