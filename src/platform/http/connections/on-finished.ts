import type { IncomingMessage, ServerResponse } from "node:http";

/** Calls back once, when the response has been sent or the connection is closed. */
export function onFinished(
  { socket }: IncomingMessage,
  response: ServerResponse,
  callback: () => void,
): void {
  let isOver = false;
  const over = () => {
    // One of the two events may be emitted while the other is being handled.
    if (isOver) return;
    isOver = true;
    response.off("close", over);
    socket.off("close", over);
    callback();
  };
  response.once("close", over);
  // A response that waits for another one on the same connection does not emit `close` with the connection.
  socket.once("close", over);
  if (socket.destroyed || response.closed) over();
}
