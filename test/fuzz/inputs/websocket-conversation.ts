import { hostileRequest } from "../../support/hostile-documents.js";
import type { Caller, World } from "../kit/fuzz-world.js";
import { mutateBytes } from "../kit/mutate-bytes.js";
import type { Source } from "../kit/source.js";
import { oddText, oddValue } from "./odd-values.js";
import { randomOperation } from "./random-operation.js";
import { frameOf, messageFrames, OPCODES } from "./websocket-frames.js";

export interface Step {
  readonly frame: Buffer;
  /** The operation that this begins, and of which the client waits for a first message. */
  readonly awaits?: string | undefined;
}

export interface WebSocketCase {
  readonly caller: Caller;
  readonly headers: readonly string[];
  /** What is sent before the acknowledgement is waited for, or everything. */
  readonly opening: readonly Step[];
  readonly steps: readonly Step[];
  /** As clients do: nothing else is sent before the acknowledgement. */
  readonly isOrderly: boolean;
  readonly ending: "wait" | "break";
}

/** Half of them are orderly. */
export function makeConversation(source: Source, world: World): WebSocketCase {
  const isOrderly = source.chance(0.5);
  // Who has no token is refused before anything else.
  const known = world.callers.filter(({ token }) => token !== undefined);
  const caller = source.one(isOrderly && source.chance(0.95) ? known : world.callers);
  const init = stepsOf(
    messageFrames(text({ type: "connection_init", payload: credentials(caller) }), source),
  );
  if (isOrderly)
    return {
      caller,
      headers: HANDSHAKE,
      opening: init,
      steps: Array.from({ length: source.int(1, 10) }, (_, n) =>
        orderlySteps(source, world, String(n)),
      ).flat(),
      isOrderly,
      ending: source.chance(0.1) ? "break" : "wait",
    };
  const steps = Array.from({ length: source.int(0, 12) }, () => stepsOf(someFrames(source, world))).flat();
  return {
    caller,
    headers: handshakeOf(source, caller),
    opening: [],
    steps: source.chance(0.9) ? [...init, ...steps] : [...steps, ...init],
    isOrderly,
    ending: source.chance(0.2) ? "break" : "wait",
  };
}

const credentials = ({ token }: Caller) => (token ? { authorization: `Bearer ${token}` } : {});

/** The frames of one message; an operation that it begins is awaited from the last. */
const stepsOf = (frames: readonly Buffer[], awaits?: string): Step[] =>
  frames.map((frame, n) => ({ frame, awaits: n === frames.length - 1 ? awaits : undefined }));

/** What a client does that keeps to the protocol, and seldom something that ends the conversation. */
function orderlySteps(source: Source, world: World, id: string): Step[] {
  const kind = source.next();
  if (kind < 0.03) return stepsOf(someFrames(source, world));
  if (kind < 0.1) return stepsOf(messageFrames(text({ type: "ping", payload: { at: id } }), source));
  // Websockets are for subscriptions; other operations are refused.
  const operation = source.chance(0.95) ? "subscription" : source.one(["query", "mutation"] as const);
  const payload = source.chance(0.6)
    ? smallSubscription(source, world.ids)
    : randomOperation(source, operation, world.ids);
  const begun = stepsOf(messageFrames(text({ id, type: "subscribe", payload }), source), id);
  return source.chance(0.2)
    ? [...begun, ...stepsOf(messageFrames(text({ id, type: "complete" }), source))]
    : begun;
}

const text = (message: unknown): Buffer => Buffer.from(JSON.stringify(message) ?? "");

const HANDSHAKE: readonly string[] = [
  "Host: x",
  "Connection: Upgrade",
  "Upgrade: websocket",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  "Sec-WebSocket-Protocol: graphql-transport-ws",
];

function handshakeOf(source: Source, { token }: Caller): string[] {
  const headers = [...HANDSHAKE, ...(token && source.chance(0.1) ? [`Authorization: Bearer ${token}`] : [])];
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

/** One that is valid and cheap, mostly from the beginning of its topic, so that events come. */
function smallSubscription(source: Source, ids: World["ids"]): unknown {
  const [field, argument] = source.one([
    ["ticketEvents", "ticketId"],
    ["conversationEvents", "conversationId"],
    ["mediaFileEvents", "companyId"],
  ] as const);
  const members = source.one([
    "",
    "... on MessageAdded { message { id } }",
    "... on ReplyAdded { reply { body } }",
  ]);
  const isOfField = members === "" || members.includes("Message") === (field === "conversationEvents");
  const event = `event { __typename ${isOfField && field !== "mediaFileEvents" ? members : ""} }`;
  return {
    query: `subscription ($id: ID!, $after: String) { ${field}(${argument}: $id, after: $after) { cursor ${event} } }`,
    variables: {
      id: source.chance(0.9) ? ids[argument] : source.one(Object.values(ids)),
      after: source.chance(0.8) ? "0" : source.one([null, "5", "99999999", oddText(source)]),
    },
  };
}
