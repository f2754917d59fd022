import { connect } from "node:net";
import type { Door, Outcome, Place } from "../kit/door.js";
import { problemIn } from "../kit/known-answers.js";
import { headOf } from "../kit/raw-http.js";
import type { Step, WebSocketCase } from "./websocket-conversation.js";
import { makeConversation } from "./websocket-conversation.js";
import { frameOf, OPCODES, readFrames } from "./websocket-frames.js";

/**
 * Conversations over websockets. Half of them are orderly: acknowledged, with subscriptions under ids of their own
 * whose first messages are waited for, so that they get to where data is. The others are messages of
 * graphql-transport-ws in any order, and frames that are none.
 */
export const websocketDoor: Door<WebSocketCase> = {
  name: "websocket",
  cases: 2_500,
  atOnce: 4,
  make: makeConversation,
  play,
  sequence: {
    of: ({ steps }) => steps,
    replace: (input, steps) => ({ ...input, steps: steps as readonly Step[] }),
  },
  describe: ({ caller, headers, opening, steps }) => {
    const frames = [...opening, ...steps].map(({ frame }) => frame);
    return {
      how: { caller: caller.name, headers, frames: frames.map((frame) => frame.length) },
      bytes: Buffer.concat(frames),
    };
  },
};

/** Faults of the server (RFC 6455 §7.4.1, graphql-transport-ws); a code that the client has sent comes back to it. */
const FAULT_CLOSINGS = /^(?:1006|1011|1012|1013|4500)$/;
const ANSWER_MS = 20_000;
const LAST_PING = Buffer.from("the last one");

/** For the first message of a subscription: one that begins at the present has none until something happens. */
const FIRST_MESSAGE_MS = 500;

/** Whoever still listens answers a ping; whoever does not has said why. */
function play(input: WebSocketCase, { server: { port } }: Place): Promise<Outcome> {
  const { headers, opening, steps, isOrderly, ending } = input;
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    const told: string[] = [];
    const awaited = new Set(steps.flatMap(({ awaits }) => awaits ?? []));
    let received: Buffer = Buffer.alloc(0);
    let [isOpen, isAccepted, isAnswered] = [false, false, false];
    let patience: NodeJS.Timeout | undefined;
    const done = (last: string, problem: string | null) => {
      clearTimeout(impatience);
      clearTimeout(patience);
      socket.destroy();
      resolve({
        said: [...new Set([...told, last])].sort().join(", ").slice(0, 60),
        problem,
        isAccepted,
      });
    };
    const impatience = setTimeout(() => done("silent", "no answer: silent"), ANSWER_MS);
    const send = (sent: readonly Step[]) => {
      for (const { frame } of sent) socket.write(frame);
    };
    const sendRest = () => {
      send(steps);
      if (ending === "break") socket.resetAndDestroy();
      else socket.write(frameOf(LAST_PING, { opcode: OPCODES.ping }));
    };
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
        send(opening);
        if (!isOrderly) sendRest();
      }
      const read = readFrames(received);
      received = read.rest;
      for (const { opcode, payload } of read.frames) {
        if (opcode === OPCODES.pong && payload.equals(LAST_PING)) isAnswered = true;
        if (opcode === OPCODES.close) {
          const code = payload.length >= 2 ? String(payload.readUInt16BE(0)) : "1005";
          return done(code, FAULT_CLOSINGS.test(code) ? `closed with ${code} ${payload.subarray(2)}` : null);
        }
        if (opcode === OPCODES.text) {
          const { type, id, problem, hasErrors } = judgeMessage(payload.toString("utf8"));
          told.push(type);
          isAccepted ||= type === "next" && !hasErrors;
          if (problem !== null) return done(type, problem);
          if (isOrderly && type === "connection_ack") sendRest();
          awaited.delete(id);
        }
        if (!isAnswered) continue;
        if (!isOrderly || awaited.size === 0) return done("pong", null);
        patience ??= setTimeout(() => done("pong", null), FIRST_MESSAGE_MS);
      }
    });
  });
}

interface Judged {
  readonly type: string;
  /** Of its operation; empty without one. */
  readonly id: string;
  readonly problem: string | null;
  readonly hasErrors?: boolean;
}

function judgeMessage(json: string): Judged {
  let message: { type?: string; id?: string; payload?: unknown };
  try {
    message = JSON.parse(json);
  } catch {
    return { type: "!", id: "", problem: `broken JSON: ${json.slice(0, 300)}` };
  }
  const { type = "?", id = "", payload } = message;
  const errors = type === "error" ? payload : (Object(payload) as { errors?: unknown }).errors;
  const problem = Array.isArray(errors) ? problemIn(errors) : null;
  return {
    type,
    id,
    problem: problem && `${problem}: ${json.slice(0, 300)}`,
    hasErrors: errors !== undefined,
  };
}
