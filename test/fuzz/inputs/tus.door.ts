import type { Door, Outcome, Place } from "../kit/door.js";
import type { Caller } from "../kit/fuzz-world.js";
import { judgeAnswer } from "../kit/known-answers.js";
import type { RawAnswer } from "../kit/raw-http.js";
import { headOf, sendRaw } from "../kit/raw-http.js";
import type { Step } from "./tus-steps.js";
import { creation, laterStep } from "./tus-steps.js";

interface TusCase {
  readonly caller: Caller;
  readonly content: Buffer;
  readonly steps: readonly Step[];
}

/** Conversations over tus: creations, pieces at right and wrong offsets, side by side, cut off, and removed meanwhile. */
export const tusDoor: Door<TusCase> = {
  name: "tus",
  cases: 2_500,
  atOnce: 4,
  make(source, world) {
    const content = Buffer.from(`${"The lamp flickers. ".repeat(source.size(3_000))}${source.int(0, 1e9)}`);
    const steps = Array.from({ length: source.int(1, 9) }, () => laterStep(source, content, world));
    const caller = source.chance(0.9) ? world.agent : source.one(world.callers);
    return { caller, content, steps: [creation(source, content, world), ...steps] };
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

async function play({ caller, steps }: TusCase, { server: { port } }: Place): Promise<Outcome> {
  let id = "00000000-0000-0000-0000-000000000000";
  const said: string[] = [];
  const running: Promise<{ step: Step; answer: RawAnswer | "closed" | "silent" }>[] = [];
  const send = async (step: Step) => ({ step, answer: await sendStep(step, { port, caller, id }) });
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
  const answers = await Promise.all(running);
  for (const [n, { step, answer }] of answers.entries()) {
    // Of two requests that write to one upload the server ends the earlier, be it in the middle of its body.
    const isAlone = !step.isParallel && answers[n + 1]?.step.isParallel !== true;
    const isOwed = step.ending === "wait" && !step.isBent && isAlone;
    const outcome = judgeAnswer(answer, { isGraphQL: step.line.includes("/graphql") });
    said.push(outcome.said);
    if (outcome.problem !== null && !(answer === "closed" && !isOwed)) return outcome;
  }
  return { said: said.sort().join(", ").slice(0, 60), problem: null };
}

interface Sender {
  readonly port: number;
  readonly caller: Caller;
  readonly id: string;
}

function sendStep({ line, headers, body, ending, isBent }: Step, { port, caller, id }: Sender) {
  const lines = [
    "Host: x",
    "Connection: close",
    ...(caller.token ? [`Authorization: Bearer ${caller.token}`] : []),
    ...headers,
  ];
  const head = headOf(line.replaceAll("{id}", id), lines);
  const isHead = line.startsWith("HEAD");
  const sent = body.toString("latin1").includes("{id}")
    ? Buffer.from(body.toString("latin1").replaceAll("{id}", id), "latin1")
    : body;
  return sendRaw({
    port,
    pieces: [head, sent],
    ending: isBent && ending === "wait" ? "half-close" : ending,
    isHead,
  });
}
