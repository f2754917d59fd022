import type { Door } from "../kit/door.js";
import type { Caller, World } from "../kit/fuzz-world.js";
import { judgeAnswer } from "../kit/known-answers.js";
import { mutateBytes } from "../kit/mutate-bytes.js";
import { headOf, sendRaw } from "../kit/raw-http.js";
import type { Source } from "../kit/source.js";
import type { MultipartForm } from "./multipart-form.js";
import { bendForm, bytesOf, randomForm } from "./multipart-form.js";

export interface MultipartCase {
  readonly caller: Caller;
  readonly headers: readonly string[];
  readonly body: Buffer;
  /** What the head says of the body's length. */
  readonly framing: "length" | "too short" | "too long" | "chunked" | "broken chunks";
  /** How the body is sent: in pieces, and how it ends. */
  readonly pieces: number;
  readonly ending: "wait" | "half-close" | "break";
}

/** GraphQL multipart requests: forms that are wrong in their structure, in their framing, or in any byte. */
export const multipartDoor: Door<MultipartCase> = {
  name: "multipart",
  cases: 20_000,
  atOnce: 4,
  make(source, world) {
    const form = formOf(source, world);
    const whole = bytesOf(form);
    const body = source.chance(0.25) ? mutateBytes(whole, source) : whole;
    const framing = source.chance(0.9)
      ? "length"
      : source.one(["too short", "too long", "chunked", "broken chunks"] as const);
    const isWhole = framing === "length" || framing === "chunked";
    return {
      caller: source.chance(0.8) ? world.agent : source.one(world.callers),
      headers: headersOf(source, form),
      body,
      framing,
      pieces: source.chance(0.2) ? source.int(2, 40) : 1,
      // What is announced and never comes would be waited for.
      ending: source.chance(0.05) ? "break" : isWhole ? "wait" : "half-close",
    };
  },
  async play(input, { server: { port } }) {
    const answer = await sendRaw({ port, pieces: requestOf(input), ending: input.ending });
    const outcome = judgeAnswer(answer, { isGraphQL: true });
    // Whoever does not send all that it announces may be left without an answer.
    const isOwed = input.framing === "length" || input.framing === "chunked";
    return answer === "closed" && !(isOwed && input.ending === "wait")
      ? { said: "closed", problem: null }
      : outcome;
  },
  sequence: { of: ({ body }) => body, replace: (input, body) => ({ ...input, body: body as Buffer }) },
  describe: ({ body, caller, ...how }) => ({ how: { caller: caller.name, ...how }, bytes: body }),
};

function formOf(source: Source, world: World): MultipartForm {
  let form = randomForm(source, world);
  for (let n = source.int(0, 2); n > 0; n--) form = bendForm(form, source);
  return form;
}

const headersOf = (source: Source, { boundary }: MultipartForm): string[] => {
  const plain = `multipart/form-data; boundary=${boundary}`;
  const odd = [
    `multipart/form-data; boundary="${boundary}"`,
    `Multipart/Form-Data ; BOUNDARY=${boundary}`,
    `multipart/form-data; boundary=${boundary}; charset=utf-7; boundary=other`,
    `multipart/form-data; a="${"x".repeat(source.size(5_000))}"; boundary=${boundary}`,
    "multipart/form-data",
    "multipart/form-data; boundary=",
    `multipart/form-data; boundary=${boundary}x`,
    `multipart/mixed; boundary=${boundary}`,
    `multipart/form-data; boundary=${boundary}\tx`,
    `multipart/form-data; boundary*=utf-8''${boundary}`,
  ];
  return [
    `Content-Type: ${source.chance(0.9) ? plain : source.one(odd)}`,
    ...(source.chance(0.95) ? ["Apollo-Require-Preflight: true"] : []),
    ...(source.chance(0.05)
      ? [
          source.one([
            "Expect: 100-continue",
            "Content-Encoding: gzip",
            "Accept: text/event-stream",
            "Origin: null",
            "Expect: nothing",
          ]),
        ]
      : []),
  ];
};

function requestOf({ caller, headers, body, framing, pieces }: MultipartCase): Buffer[] {
  const length = {
    "too short": Math.floor(body.length / 2),
    "too long": body.length + 1_000,
    length: body.length,
  };
  const lines = [
    "Host: x",
    "Connection: close",
    ...headers,
    ...(caller.token ? [`Authorization: Bearer ${caller.token}`] : []),
    framing === "chunked" || framing === "broken chunks"
      ? "Transfer-Encoding: chunked"
      : `Content-Length: ${length[framing]}`,
  ];
  const size = Math.max(1, Math.ceil(body.length / pieces));
  const cut = Array.from({ length: Math.ceil(body.length / size) }, (_, n) =>
    body.subarray(n * size, (n + 1) * size),
  );
  return [headOf("POST /graphql", lines), ...framed(cut, framing)];
}

function framed(pieces: readonly Buffer[], framing: MultipartCase["framing"]): readonly Buffer[] {
  if (framing !== "chunked" && framing !== "broken chunks") return pieces;
  const chunks = pieces.map((piece) =>
    Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from("\r\n")]),
  );
  return framing === "chunked"
    ? [...chunks, Buffer.from("0\r\n\r\n")]
    : [...chunks, Buffer.from("fffffffffffffffff\r\nx\r\n")];
}
