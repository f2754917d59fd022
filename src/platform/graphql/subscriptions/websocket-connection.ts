import type { FormattedExecutionResult } from "graphql";
import { CloseCode, MessageType, parseMessage } from "graphql-ws";
import type { WebSocket } from "ws";
import { MIB } from "../../../kernel/bytes.js";
import { SECOND_MS } from "../../../kernel/clock.js";
import { FiledeskError } from "../../../kernel/errors.js";
import { newId } from "../../../kernel/ids.js";
import { bearerToken } from "../../http/bearer-token.js";
import type { Swept } from "../../http/connections/connection-sweep.js";
import type { Reader } from "../../http/connections/unread-budget.js";
import { logFailure } from "../../http/errors/log-failure.js";
import { exceededLimit } from "../../http/json-limits.js";
import type { RequestContext } from "../context.js";
import type { FailureLog } from "../error-format.js";
import { MESSAGES_PER_SECOND, MessageBudget } from "./message-budget.js";
import type { SubscriptionRequest } from "./prepare-subscription.js";
import type { Gateway, Realtime } from "./realtime.js";
import { PATIENCE_MS } from "./realtime.js";
import { jsonOf } from "./shared-results.js";
import { SubscriptionFailure } from "./subscriptions.js";

/** Close codes that a client answers with a new connection, and goes on behind its last cursor (RFC 6455 §7.4.1). */
const RESTART = 1012;
const TRY_AGAIN_LATER = 1013;

const MAX_BUFFERED_BYTES = MIB;
const INIT_MS = 10 * SECOND_MS;
/** How long the closing handshake may take. */
const CLOSING_MS = 5 * SECOND_MS;

export interface ConnectionOptions<Viewer> extends Realtime<Viewer> {
  readonly maxSubscriptions: number;
  readonly log: FailureLog;
  readonly origin: Pick<RequestContext<Viewer>, "baseUrl" | "clientAddress">;
  /** How long a client may take to say who it is; by default 10 seconds. */
  readonly initMs?: number;
  /** The `Authorization` header of the request that opened the connection. */
  readonly authorization: string | undefined;
}

/** One connection that speaks graphql-transport-ws. */
export class WebSocketConnection<Viewer> implements Swept {
  readonly #socket: WebSocket;
  readonly #options: ConnectionOptions<Viewer>;
  readonly #subscriptions = new Map<string, AbortController>();
  readonly #budget: MessageBudget;
  readonly #openedAt = performance.now();
  #isInitialised = false;
  #token: string | null = null;
  #entrance: Gateway<Viewer> | null = null;
  #leave: (() => void) | null = null;
  /** Messages that are not with the kernel yet, and since when none of them has moved. */
  #unsent = 0;
  /** Who waits until there are none. */
  readonly #waiting: (() => void)[] = [];
  #stuckSince = 0;
  #pingAt: number;
  #isAlive = true;
  #closingSince: number | null = null;
  readonly #reader: Reader = { cut: () => this.#socket.terminate() };

  constructor(socket: WebSocket, options: ConnectionOptions<Viewer>) {
    this.#socket = socket;
    this.#options = options;
    this.#pingAt = this.#openedAt + options.heartbeatMs;
    this.#budget = new MessageBudget(options.maxSubscriptions);
    socket.on("message", (data, isBinary) => {
      const text = isBinary ? null : String(data);
      if (this.#admits(text?.length)) this.#hear(text);
    });
    socket.on("pong", () => {
      if (this.#admits()) this.#isAlive = true;
    });
    // A client that sends pings and reads no answers fills the buffer as well.
    socket.on("ping", () => {
      if (this.#admits()) this.#watchBuffer();
    });
    // What is wrong with a frame, `ws` has told the client by the close code.
    socket.on("error", () => {});
    socket.once("close", () => {
      this.#end();
      options.unread.hold(this.#reader, 0);
    });
  }

  sweep(now: number): void {
    if (this.#closingSince !== null) {
      const { patienceMs = PATIENCE_MS } = this.#options;
      if (now - this.#closingSince > Math.min(CLOSING_MS, patienceMs)) this.#socket.terminate();
      return;
    }
    const fault = this.#faultAt(now);
    if (fault) this.close(...fault);
    else if (now >= this.#pingAt) this.#ping(now);
  }

  /** Why the connection cannot go on. */
  #faultAt(now: number): readonly [code: number, reason: string] | null {
    const { patienceMs = PATIENCE_MS, initMs = INIT_MS } = this.#options;
    if (!this.#isInitialised && now - this.#openedAt > initMs)
      return [CloseCode.ConnectionInitialisationTimeout, "Connection initialisation timeout"];
    const endsAt = this.#entrance?.endsAt;
    if (endsAt && endsAt.getTime() <= Date.now()) return [CloseCode.Forbidden, TOKEN_EXPIRED];
    const isStuck = this.#unsent > 0 && now - this.#stuckSince > patienceMs;
    return isStuck || this.#socket.bufferedAmount > MAX_BUFFERED_BYTES ? TOO_SLOW : null;
  }

  /** Ends all subscriptions, then the connection; what the client does not close in time, is cut. */
  close(code: number, reason: string): void {
    if (this.#closingSince !== null) return;
    this.#closingSince = performance.now();
    this.#end();
    this.#socket.close(code, reason);
  }

  /** Sends the client to another server, or to this one when it is back. */
  restart(): void {
    this.close(RESTART, "The server restarts: connect again, and resume with `after`.");
  }

  terminate(): void {
    this.#socket.terminate();
  }

  #end(): void {
    this.#closingSince ??= performance.now();
    for (const subscription of this.#subscriptions.values()) subscription.abort();
    this.#subscriptions.clear();
    this.#leave?.();
    this.#leave = null;
  }

  #ping(now: number): void {
    this.#pingAt = now + this.#options.heartbeatMs;
    if (this.#isAlive) {
      this.#isAlive = false;
      this.#socket.ping();
    } else if (this.#unsent > 0) this.close(...TOO_SLOW);
    else this.#socket.terminate();
  }

  #watchBuffer(): void {
    const { bufferedAmount } = this.#socket;
    this.#options.unread.hold(this.#reader, bufferedAmount);
    if (bufferedAmount > MAX_BUFFERED_BYTES) this.close(...TOO_SLOW);
  }

  /** Resolves when the message is with the kernel, so that who reads slowly is told slowly; nothing when it is at once. */
  #send(message: string): Promise<void> | undefined {
    if (this.#closingSince !== null) return;
    if (this.#unsent++ === 0) this.#stuckSince = performance.now();
    this.#socket.send(message, this.#sent);
    if (this.#socket.bufferedAmount === 0) return;
    this.#watchBuffer();
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  #sent = (): void => {
    this.#stuckSince = performance.now();
    if (--this.#unsent > 0) return;
    if (this.#socket.bufferedAmount === 0) this.#options.unread.hold(this.#reader, 0);
    for (const resolve of this.#waiting.splice(0)) resolve();
  };

  /** Counts a message; who sends too many is not answered one by one. */
  #admits(length = 0): boolean {
    if (this.#closingSince !== null) return false;
    if (this.#budget.spend(performance.now(), length)) return true;
    this.close(...TOO_MANY_MESSAGES);
    return false;
  }

  #hear(text: string | null): void {
    this.#isAlive = true;
    this.#handle(text).catch((error: unknown) => {
      logFailure(this.#options.log, error, "unexpected failure");
      // 4500 would tell the client never to come back.
      this.close(TRY_AGAIN_LATER, "Something went wrong on our side: try again later.");
    });
  }

  /** @param text null for a binary message */
  async #handle(text: string | null): Promise<void> {
    const exceeded = text === null ? null : exceededLimit(text);
    if (exceeded) return this.close(CloseCode.BadRequest, `This message ${exceeded.problem}`);
    const message = text === null ? null : messageIn(text);
    switch (message?.type) {
      case MessageType.ConnectionInit:
        return this.#initialise(message.payload ?? {});
      case MessageType.Ping:
        return this.#send(JSON.stringify({ type: MessageType.Pong, payload: message.payload ?? undefined }));
      case MessageType.Pong:
        return;
      case MessageType.Subscribe:
        return this.#subscribe(message.id, message.payload);
      case MessageType.Complete:
        this.#subscriptions.get(message.id)?.abort();
        this.#subscriptions.delete(message.id);
        return;
      default:
        return this.close(CloseCode.BadRequest, "Invalid message received");
    }
  }

  async #initialise(params: Readonly<Record<string, unknown>>): Promise<void> {
    if (this.#isInitialised)
      return this.close(CloseCode.TooManyInitialisationRequests, "Too many initialisation requests");
    this.#isInitialised = true;
    this.#token = bearerToken(authorizationIn(params) ?? this.#options.authorization);
    if (this.#token === null) return this.close(CloseCode.Unauthorized, TOKEN_MISSING);
    const entrance = await this.#options.enter(this.#token);
    if (this.#closingSince !== null) return;
    if (!entrance) return this.close(CloseCode.Forbidden, TOKEN_REFUSED);
    try {
      this.#leave = this.#options.slots.take(entrance.key);
    } catch (error) {
      if (!(error instanceof FiledeskError)) throw error;
      return this.close(TRY_AGAIN_LATER, error.message);
    }
    this.#entrance = entrance;
    await this.#send(`{"type":"${MessageType.ConnectionAck}"}`);
  }

  async #subscribe(id: string, request: SubscriptionRequest): Promise<void> {
    if (!this.#entrance) return this.close(CloseCode.Unauthorized, "Unauthorized");
    if (this.#subscriptions.has(id))
      return this.close(CloseCode.SubscriberAlreadyExists, "Subscriber for this id already exists");
    const { maxSubscriptions } = this.#options;
    if (this.#subscriptions.size >= maxSubscriptions) return this.#refuse(id, tooMany(maxSubscriptions));
    const subscription = new AbortController();
    this.#subscriptions.set(id, subscription);
    await this.#deliver(id, request, subscription.signal);
    // The client may have ended it, and begun another one by the same name.
    if (this.#subscriptions.get(id) === subscription) this.#subscriptions.delete(id);
  }

  async #deliver(id: string, request: SubscriptionRequest, signal: AbortSignal): Promise<void> {
    try {
      const events = await this.#open(request, signal);
      if (!events) return;
      const start = `{"id":${JSON.stringify(id)},"type":"${MessageType.Next}","payload":`;
      for await (const event of events) {
        if (signal.aborted) return;
        const sending = this.#send(`${start}${jsonOf(event)}}`);
        if (sending) await sending;
      }
      // There is no last event: what ends by itself, the server ends. Told that it is complete, a client would not resume.
      if (!signal.aborted) this.restart();
    } catch (error) {
      if (!(error instanceof SubscriptionFailure)) throw error;
      if (!signal.aborted) await this.#refuse(id, error.errors);
    }
  }

  /** Null when the connection or the subscription has ended meanwhile. */
  async #open(
    request: SubscriptionRequest,
    signal: AbortSignal,
  ): Promise<AsyncIterable<FormattedExecutionResult> | null> {
    const { enter, openings, origin, subscriptions } = this.#options;
    return openings(this.#entrance?.share ?? "", async () => {
      if (signal.aborted) return null;
      // The connection may be old: who asks is looked up anew.
      const entrance = await enter(this.#token);
      if (!entrance) this.close(CloseCode.Forbidden, TOKEN_REFUSED);
      if (!entrance || signal.aborted) return null;
      const context = { ...origin, viewer: entrance.viewer, requestId: newId(), requestBytes: null };
      return subscriptions.open(request, context, signal);
    });
  }

  async #refuse(id: string, errors: SubscriptionFailure["errors"]): Promise<void> {
    await this.#send(JSON.stringify({ id, type: MessageType.Error, payload: errors }));
  }
}

const TOO_SLOW = [
  TRY_AGAIN_LATER,
  "You read too slowly: resume with `after`, the last cursor that you have.",
] as const;

/** RFC 6455 §7.4.1: a policy is violated. Clients do not try again, so a loop gone wrong ends. */
const TOO_MANY_MESSAGES = [
  1008,
  `Too many messages: send ${MESSAGES_PER_SECOND} in a second at most, and bursts now and then.`,
] as const;

/** 4401 is not tried again by clients, 4403 is, with what `connectionParams` gives then. */
const TOKEN_MISSING = "Unauthorized: give `authorization` in the connection's parameters";
const TOKEN_REFUSED = "Forbidden: this access token is not good, or not any more";
const TOKEN_EXPIRED = "Forbidden: the access token has expired; connect with a new one";

function messageIn(text: string) {
  try {
    return parseMessage(text);
  } catch {
    return null;
  }
}

/** As with headers, capitals and small letters are one. */
function authorizationIn(params: Readonly<Record<string, unknown>>): string | undefined {
  const name = Object.keys(params).find((key) => key.toLowerCase() === "authorization");
  const value = name === undefined ? undefined : params[name];
  return typeof value === "string" ? value : undefined;
}

function tooMany(limit: number): SubscriptionFailure["errors"] {
  const message = `A connection has ${limit} subscriptions at most: end one first.`;
  return [{ message, extensions: { code: "RATE_LIMITED", status: 429, limit } }];
}
