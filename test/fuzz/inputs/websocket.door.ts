import { connect } from "node:net";
import { hostileRequest } from "../../support/hostile-documents.js";
import type { Door, Outcome, Place } from "../kit/door.js";
import type { Caller, World } from "../kit/fuzz-world.js";
import { problemIn } from "../kit/known-answers.js";
import { mutateBytes } from "../kit/mutate-bytes.js";
import { headOf } from "../kit/raw-http.js";
import type { Source } from "../kit/source.js";
import { oddText, oddValue } from "./odd-values.js";
import { randomOperation } from "./random-operation.js";
import { frameOf, messageFrames, OPCODES, readFrames } from "./websocket-frames.js";

interface WebSocketCase {
  readonly caller: Caller;
  readonly headers: readonly string[];
  /** Sent one after the other, without waiting. */
  readonly frames: readonly Buffer[];
  readonly ending: "wait" | "break";
}

/** Conversations over websockets: messages of graphql-transport-ws in any order, and frames that are none. */
export const websocketDoor: Door<WebSocketCase> = {
  name: "websocket",
  cases: 2_500,
  atOnce: 4,
  make(source, world) {
    const caller = source.one(world.callers);
    const init = messageFrames(
      text({ type: "connection_init", payload: { authorization: `Bearer ${caller.token ?? ""}` } }),
      source,
    );
    const frames = Array.from({ length: source.int(0, 12) }, () => someFrames(source, world)).flat();
    return {
      caller,
      headers: handshakeOf(source, caller),
      frames: source.chance(0.9) ? [...init, ...frames] : [...frames, ...init],
      ending: source.chance(0.2) ? "break" : "wait",
    };
  },
  play,
  sequence: {
    of: ({ frames }) => frames,
    replace: (input, frames) => ({ ...input, frames: frames as readonly Buffer[] }),
  },
  describe: ({ caller, headers, frames }) => ({
    how: { caller: caller.name, headers, frames: frames.map((frame) => frame.length) },
    bytes: Buffer.concat(frames),
  }),
};

/** Faults of the server (RFC 6455 §7.4.1, graphql-transport-ws); a code that the client has sent comes back to it. */
const FAULT_CLOSINGS = /^(?:1006|1011|1012|1013|4500)$/;
const ANSWER_MS = 20_000;
const LAST_PING = Buffer.from("the last one");

/** Whoever still listens answers a ping; whoever does not has said why. */
function play({ headers, frames, ending }: WebSocketCase, { server: { port } }: Place): Promise<Outcome> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    const told: string[] = [];
    let received: Buffer = Buffer.alloc(0);
    let [isOpen, isAccepted] = [false, false];
    const done = (last: string, problem: string | null) => {
      clearTimeout(impatience);
      socket.destroy();
      resolve({
        said: [...new Set([...told, last])].sort().join(", ").slice(0, 60),
        problem,
        isAccepted,
      });
    };
    const impatience = setTimeout(() => done("silent", "no answer: silent"), ANSWER_MS);
    socket.on("error", () => {});
    socket.on("close", () => done("closed", null));
    socket.on("connect", () => socket.write(headOf("GET /graphql", headers)));
    socket.on("data", (chunk) => {
      received = Buffer.concat([received, chunk]);
      if (!isOpen) {
        const end = received.indexOf("\r\n\r\n");
        if (end < 0) return;
        const status = received.toString("latin1", 9, 12);
        if (status !== "101") return done(status, Number(status) < 500 ? null : `status ${status}`);
        isOpen = true;
        received = received.subarray(end + 4);
        for (const frame of frames) socket.write(frame);
        if (ending === "break") return socket.resetAndDestroy();
        socket.write(frameOf(LAST_PING, { opcode: OPCODES.ping }));
      }
      const read = readFrames(received);
      received = read.rest;
      for (const { opcode, payload } of read.frames) {
        if (opcode === OPCODES.pong && payload.equals(LAST_PING)) return done("pong", null);
        if (opcode === OPCODES.close) {
          const code = payload.length >= 2 ? String(payload.readUInt16BE(0)) : "1005";
          return done(code, FAULT_CLOSINGS.test(code) ? `closed with ${code} ${payload.subarray(2)}` : null);
        }
        if (opcode !== OPCODES.text) continue;
        const { type, problem, hasErrors } = judgeMessage(payload.toString("utf8"));
        told.push(type);
        isAccepted ||= type === "next" && !hasErrors;
        if (problem !== null) return done(type, problem);
      }
    });
  });
}

interface Judged {
  readonly type: string;
  readonly problem: string | null;
  readonly hasErrors?: boolean;
}

function judgeMessage(json: string): Judged {
  let message: { type?: string; payload?: unknown };
  try {
    message = JSON.parse(json);
  } catch {
    return { type: "!", problem: `broken JSON: ${json.slice(0, 300)}` };
  }
  const { type = "?", payload } = message;
  const errors = type === "error" ? payload : (Object(payload) as { errors?: unknown }).errors;
  const problem = Array.isArray(errors) ? problemIn(errors) : null;
  return { type, problem: problem && `${problem}: ${json.slice(0, 300)}`, hasErrors: errors !== undefined };
}

const text = (message: unknown): Buffer => Buffer.from(JSON.stringify(message) ?? "");

function handshakeOf(source: Source, { token }: Caller): string[] {
  const headers = [
    "Host: x",
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Protocol: graphql-transport-ws",
    ...(token && source.chance(0.1) ? [`Authorization: Bearer ${token}`] : []),
  ];
  if (source.chance(0.85)) return headers;
  const odd = source.one([
    "Sec-WebSocket-Protocol: graphql-ws",
    "Sec-WebSocket-Protocol: soap, graphql-transport-ws, graphql-transport-ws",
    "Sec-WebSocket-Protocol: ,",
    "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=99",
    "Sec-WebSocket-Extensions: ;;;",
    "Sec-WebSocket-Version: 8",
    "Sec-WebSocket-Key: x",
    "Upgrade: h2c",
    "Origin: https://elsewhere.test",
    "Content-Length: 5",
    "Authorization: Bearer x",
  ]);
  const name = odd.slice(0, odd.indexOf(":"));
  return [...headers.filter((header) => !header.startsWith(`${name}:`)), odd];
}

/** A message, some frames around none, or frames that break the protocol. */
function someFrames(source: Source, world: World): Buffer[] {
  const kind = source.next();
  if (kind < 0.75) {
    const message = text(messageOf(source, world));
    return messageFrames(source.chance(0.08) ? mutateBytes(message, source, 2) : message, source);
  }
  if (kind < 0.85)
    return Array.from({ length: source.size(500) }, () =>
      frameOf(source.bytes(source.int(0, 125)), { opcode: source.one([OPCODES.ping, OPCODES.pong]) }),
    );
  return [
    source.one<() => Buffer>([
      () => frameOf(Buffer.from([0xff, 0xfe, 0xc3, 0x28]), { opcode: OPCODES.text }),
      () => frameOf(source.bytes(20), { opcode: OPCODES.binary }),
      () => frameOf(Buffer.from("{"), { opcode: OPCODES.text, isFinal: false }),
      () => frameOf(Buffer.from("}"), { opcode: OPCODES.continuation }),
      () => frameOf(Buffer.from("{}"), { opcode: OPCODES.text, isMasked: false }),
      () => frameOf(Buffer.from("{}"), { opcode: OPCODES.text, reserved: source.int(1, 7) }),
      () => frameOf(Buffer.alloc(200), { opcode: OPCODES.ping }),
      () => closing(source.one([0, 999, 1000, 1004, 1005, 1015, 2999, 3000, 4400, 65_535])),
      () => frameOf(Buffer.from([1]), { opcode: OPCODES.close }),
      () => frameOf(Buffer.alloc(0), { opcode: source.int(3, 7) }),
      () =>
        frameOf(Buffer.from("{}"), {
          opcode: OPCODES.text,
          length: source.one([2n ** 63n, 2n ** 32n, 2n ** 53n, 10_000_000n]),
        }),
      () => frameOf(Buffer.alloc(source.size(3_000_000), "a"), { opcode: OPCODES.text }),
      () => source.bytes(source.int(1, 60)),
    ])(),
  ];
}

function closing(code: number): Buffer {
  const payload = Buffer.from("\0\0why");
  payload.writeUInt16BE(code);
  return frameOf(payload, { opcode: OPCODES.close });
}

function messageOf(source: Source, { ids }: World): unknown {
  const id = source.one(["1", "2", "3", oddText(source)]);
  return source.one<() => unknown>([
    () => ({ id, type: "subscribe", payload: subscription(source, ids) }),
    () => ({ id, type: "subscribe", payload: subscription(source, ids) }),
    () => ({ id, type: "subscribe", payload: subscription(source, ids) }),
    () => ({ id, type: "complete" }),
    () => ({ type: "ping", payload: source.chance(0.3) ? oddValue(source) : undefined }),
    () => ({ type: "pong" }),
    () => ({ type: "connection_init", payload: oddValue(source) }),
    () => ({ id: oddValue(source), type: "subscribe", payload: oddValue(source) }),
    () => ({ type: source.one(["next", "error", "connection_ack", "start", "stop", oddText(source)]), id }),
    () => oddValue(source),
  ])();
}

function subscription(source: Source, ids: World["ids"]): unknown {
  const kind = source.next();
  if (kind < 0.15) return JSON.parse(hostileRequest(source.next, ids).body);
  const { query, variables } = randomOperation(
    source,
    source.one(["subscription", "subscription", "subscription", "query", "mutation"]),
    ids,
  );
  if (kind < 0.25) return { query: mutateBytes(Buffer.from(query), source, 1).toString("latin1"), variables };
  return {
    query,
    variables,
    ...(source.chance(0.1) && { extensions: oddValue(source), operationName: oddValue(source) }),
  };
}
