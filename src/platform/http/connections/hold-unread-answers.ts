import type { FastifyInstance } from "fastify";
import { onFinished } from "./on-finished.js";
import type { Reader, UnreadBudget } from "./unread-budget.js";

/**
 * Counts the body of every response that is not a stream as unread until the kernel has taken it or the connection is
 * closed.
 */
export function holdUnreadAnswers(app: FastifyInstance, unread: UnreadBudget): void {
  app.addHook("onSend", (request, reply, payload, done) => {
    const bytes = bytesOf(payload);
    if (bytes > 0) {
      const { raw } = reply;
      const reader: Reader = { cut: () => raw.destroy() };
      unread.hold(reader, bytes);
      // The client may have left before its response was ready.
      onFinished(request.raw, raw, () => unread.hold(reader, 0));
    }
    done();
  });
}

/** Streams are not counted: they hold little. */
function bytesOf(payload: unknown): number {
  if (typeof payload === "string") return Buffer.byteLength(payload);
  return Buffer.isBuffer(payload) ? payload.length : 0;
}
