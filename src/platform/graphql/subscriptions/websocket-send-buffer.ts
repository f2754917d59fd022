import type { WebSocket } from "ws";
import { MIB } from "../../../kernel/bytes.js";
import type { Reader, UnreadBudget } from "../../http/connections/unread-budget.js";

const MAX_BUFFERED_BYTES = MIB;

export interface SendBufferOptions {
  readonly socket: WebSocket;
  readonly unread: UnreadBudget;
  /** Called when more is buffered than one connection may have. */
  onOverflow(): void;
}

/** The outgoing messages of a websocket that the kernel has not taken yet. */
export class WebSocketSendBuffer {
  readonly #options: SendBufferOptions;
  readonly #reader: Reader = { cut: () => this.#options.socket.terminate() };
  /** Messages that the kernel has not taken yet, and since when none of them has been taken. */
  #unsent = 0;
  #stuckSince = 0;
  /** Sends that wait until there are none. */
  readonly #waiting: (() => void)[] = [];

  constructor(options: SendBufferOptions) {
    this.#options = options;
  }

  get isEmpty(): boolean {
    return this.#unsent === 0;
  }

  /** Whether the client reads too slowly to keep the connection. */
  isTooSlow(now: number, readTimeoutMs: number): boolean {
    const isStuck = this.#unsent > 0 && now - this.#stuckSince > readTimeoutMs;
    return isStuck || this.#options.socket.bufferedAmount > MAX_BUFFERED_BYTES;
  }

  /** Resolves when the kernel has taken the message (back-pressure); undefined if it has at once. */
  send(message: string): Promise<void> | undefined {
    const { socket } = this.#options;
    if (this.#unsent++ === 0) this.#stuckSince = performance.now();
    socket.send(message, this.#sent);
    if (socket.bufferedAmount === 0) return;
    this.check();
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  #sent = (): void => {
    const { socket, unread } = this.#options;
    this.#stuckSince = performance.now();
    if (--this.#unsent > 0) return;
    if (socket.bufferedAmount === 0) unread.hold(this.#reader, 0);
    for (const resolve of this.#waiting.splice(0)) resolve();
  };

  /** Counts the buffered bytes as unread, and reports an overflow. */
  check(): void {
    const { socket, unread, onOverflow } = this.#options;
    const { bufferedAmount } = socket;
    unread.hold(this.#reader, bufferedAmount);
    if (bufferedAmount > MAX_BUFFERED_BYTES) onOverflow();
  }

  /** The connection is closed: nothing counts as unread any more. */
  release(): void {
    this.#options.unread.hold(this.#reader, 0);
  }
}
