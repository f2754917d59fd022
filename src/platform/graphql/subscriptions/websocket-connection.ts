import type { FormattedExecutionResult } from "graphql";
import { CloseCode, MessageType } from "graphql-ws";
import type { WebSocket } from "ws";
import { SECOND_MS } from "../../../kernel/clock.js";
import { FiledeskError } from "../../../kernel/errors.js";
import { newId } from "../../../kernel/ids.js";
import { bearerToken } from "../../http/bearer-token.js";
import type { Swept } from "../../http/connections/connection-sweep.js";
import { logFailure } from "../../http/errors/log-failure.js";
import { exceededLimit } from "../../http/json-limits.js";
import type { RequestContext } from "../context.js";
import type { FailureLog } from "../error-format.js";
import { MessageBudget } from "./message-budget.js";
import type { Authentication, Realtime } from "./realtime.js";
import { READ_TIMEOUT_MS } from "./realtime.js";
import { jsonOf } from "./shared-results.js";
import type { ReceivedSubscription } from "./subscriptions.js";
import { SubscriptionFailure } from "./subscriptions.js";
import type { CloseReason } from "./websocket-close-reasons.js";
import {
  INIT_TIMED_OUT,
  INTERNAL_ERROR,
  RESTART,
  TOKEN_EXPIRED,
  TOKEN_MISSING,
  TOKEN_REFUSED,
  TOO_MANY_MESSAGES,
  TOO_SLOW,
  TRY_AGAIN_LATER,
} from "./websocket-close-reasons.js";
import { authorizationIn, readClientMessage, tooManySubscriptions } from "./websocket-messages.js";
import { WebSocketSendBuffer } from "./websocket-send-buffer.js";

const INIT_TIMEOUT_MS = 10 * SECOND_MS;
/** How long the closing handshake may take. */
const CLOSE_TIMEOUT_MS = 5 * SECOND_MS;

export interface ConnectionOptions<Viewer> extends Realtime<Viewer> {
  readonly maxSubscriptions: number;
  readonly log: FailureLog;
  readonly origin: Pick<RequestContext<Viewer>, "baseUrl" | "clientAddress">;
  /** How long a client may take to send `connection_init`; 10 seconds by default. */
  readonly initTimeoutMs?: number;
  /** The `Authorization` header of the request that opened the connection. */
  readonly authorization: string | undefined;
}

/** One connection that speaks graphql-transport-ws. */
export class WebSocketConnection<Viewer> implements Swept {
  readonly #socket: WebSocket;
  readonly #options: ConnectionOptions<Viewer>;
  readonly #subscriptions = new Map<string, AbortController>();
  readonly #budget: MessageBudget;
  readonly #buffer: WebSocketSendBuffer;
  readonly #openedAt = performance.now();
  #isInitialised = false;
  #token: string | null = null;
  #authentication: Authentication<Viewer> | null = null;
  #releaseSlot: (() => void) | null = null;
  #pingAt: number;
  #isAlive = true;
  #closingSince: number | null = null;

  constructor(socket: WebSocket, options: ConnectionOptions<Viewer>) {
    this.#socket = socket;
    this.#options = options;
    this.#pingAt = this.#openedAt + options.heartbeatMs;
    this.#budget = new MessageBudget(options.maxSubscriptions);
    const { unread } = options;
    this.#buffer = new WebSocketSendBuffer({ socket, unread, onOverflow: () => this.close(...TOO_SLOW) });
    socket.on("message", (data, isBinary) => {
      const text = isBinary ? null : String(data);
      if (this.#isWithinBudget(text?.length)) this.#receive(text);
    });
    socket.on("pong", () => {
      if (this.#isWithinBudget()) this.#isAlive = true;
    });
    // A client that sends pings and reads no answers fills the buffer as well.
    socket.on("ping", () => {
      if (this.#isWithinBudget()) this.#buffer.check();
    });
    // For an invalid frame, `ws` has already sent a close code.
    socket.on("error", () => {});
    socket.once("close", () => {
      this.#end();
      this.#buffer.release();
    });
  }

  sweep(now: number): void {
    if (this.#closingSince !== null) {
      const { readTimeoutMs = READ_TIMEOUT_MS } = this.#options;
      if (now - this.#closingSince > Math.min(CLOSE_TIMEOUT_MS, readTimeoutMs)) this.#socket.terminate();
      return;
    }
    const fault = this.#faultAt(now);
    if (fault) this.close(...fault);
    else if (now >= this.#pingAt) this.#ping(now);
  }

  /** Why the connection must be closed; null if it need not. */
  #faultAt(now: number): CloseReason | null {
    const { readTimeoutMs = READ_TIMEOUT_MS, initTimeoutMs = INIT_TIMEOUT_MS } = this.#options;
    if (!this.#isInitialised && now - this.#openedAt > initTimeoutMs) return INIT_TIMED_OUT;
    const endsAt = this.#authentication?.endsAt;
    if (endsAt && endsAt.getTime() <= Date.now()) return TOKEN_EXPIRED;
    return this.#buffer.isTooSlow(now, readTimeoutMs) ? TOO_SLOW : null;
  }

  /** Ends all subscriptions, then the connection, which is terminated if the client does not close it in time. */
  close(code: number, reason: string): void {
    if (this.#closingSince !== null) return;
    this.#closingSince = performance.now();
    this.#end();
    this.#socket.close(code, reason);
  }

  /** Makes the client reconnect, to another server or to this one after its restart. */
  restart(): void {
    this.close(...RESTART);
  }

  terminate(): void {
    this.#socket.terminate();
  }

  #end(): void {
    this.#closingSince ??= performance.now();
    for (const subscription of this.#subscriptions.values()) subscription.abort();
    this.#subscriptions.clear();
    this.#releaseSlot?.();
    this.#releaseSlot = null;
  }

  #ping(now: number): void {
    this.#pingAt = now + this.#options.heartbeatMs;
    if (this.#isAlive) {
      this.#isAlive = false;
      this.#socket.ping();
    } else if (!this.#buffer.isEmpty) this.close(...TOO_SLOW);
    else this.#socket.terminate();
  }

  /** Resolves when the kernel has taken the message (back-pressure); undefined if it has at once, or never will. */
  #send(message: string): Promise<void> | undefined {
    return this.#closingSince === null ? this.#buffer.send(message) : undefined;
  }

  /** Counts a message. A client that sends too many is disconnected. */
  #isWithinBudget(length = 0): boolean {
    if (this.#closingSince !== null) return false;
    if (this.#budget.spend(performance.now(), length)) return true;
    this.close(...TOO_MANY_MESSAGES);
    return false;
  }

  #receive(text: string | null): void {
    this.#isAlive = true;
    this.#handle(text).catch((error: unknown) => {
      logFailure(this.#options.log, error, "unexpected failure");
      this.close(...INTERNAL_ERROR);
    });
  }

  /** @param text null for a binary message */
  async #handle(text: string | null): Promise<void> {
    const exceeded = text === null ? null : exceededLimit(text);
    if (exceeded) return this.close(CloseCode.BadRequest, `This message ${exceeded.problem}`);
    const message = text === null ? null : readClientMessage(text);
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
    if (this.#token === null) return this.close(...TOKEN_MISSING);
    const authentication = await this.#options.authenticate(this.#token);
    if (this.#closingSince !== null) return;
    if (!authentication) return this.close(...TOKEN_REFUSED);
    try {
      this.#releaseSlot = this.#options.slots.take(authentication.key);
    } catch (error) {
      if (!(error instanceof FiledeskError)) throw error;
      return this.close(TRY_AGAIN_LATER, error.message);
    }
    this.#authentication = authentication;
    await this.#send(`{"type":"${MessageType.ConnectionAck}"}`);
  }

  async #subscribe(id: string, request: ReceivedSubscription): Promise<void> {
    if (!this.#authentication) return this.close(CloseCode.Unauthorized, "Unauthorized");
    if (this.#subscriptions.has(id))
      return this.close(CloseCode.SubscriberAlreadyExists, "Subscriber for this id already exists");
    const { maxSubscriptions } = this.#options;
    if (this.#subscriptions.size >= maxSubscriptions)
      return this.#refuse(id, tooManySubscriptions(maxSubscriptions));
    const subscription = new AbortController();
    this.#subscriptions.set(id, subscription);
    await this.#deliver(id, request, subscription.signal);
    // The client may have ended it and started another one with the same id.
    if (this.#subscriptions.get(id) === subscription) this.#subscriptions.delete(id);
  }

  async #deliver(id: string, request: ReceivedSubscription, signal: AbortSignal): Promise<void> {
    try {
      const events = await this.#open(request, signal);
      if (!events) return;
      const start = `{"id":${JSON.stringify(id)},"type":"${MessageType.Next}","payload":`;
      for await (const event of events) {
        if (signal.aborted) return;
        const sending = this.#send(`${start}${jsonOf(event)}}`);
        if (sending) await sending;
      }
      // A subscription has no last event: if it ends by itself, the server ends it. After `complete` a client would not
      // resume.
      if (!signal.aborted) this.restart();
    } catch (error) {
      if (!(error instanceof SubscriptionFailure)) throw error;
      if (!signal.aborted) await this.#refuse(id, error.errors);
    }
  }

  /** Null if the connection or the subscription has ended in the meantime. */
  async #open(
    request: ReceivedSubscription,
    signal: AbortSignal,
  ): Promise<AsyncIterable<FormattedExecutionResult> | null> {
    const { authenticate, openingTurns, origin, subscriptions } = this.#options;
    return openingTurns(this.#authentication?.share ?? "", async () => {
      if (signal.aborted) return null;
      // The connection may be old: the viewer is authenticated again.
      const authentication = await authenticate(this.#token);
      if (!authentication) this.close(...TOKEN_REFUSED);
      if (!authentication || signal.aborted) return null;
      const context = { ...origin, viewer: authentication.viewer, requestId: newId(), requestBytes: null };
      return subscriptions.open(request, context, signal);
    });
  }

  async #refuse(id: string, errors: SubscriptionFailure["errors"]): Promise<void> {
    await this.#send(JSON.stringify({ id, type: MessageType.Error, payload: errors }));
  }
}
