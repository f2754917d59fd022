import type { IncomingMessage, ServerResponse } from "node:http";

/** Calls back once, when the answer is out or the connection is gone. */
export function onFinished(
  { socket }: IncomingMessage,
  response: ServerResponse,
  callback: () => void,
): void {
  let isOver = false;
  const over = () => {
    // One of the two events may come while the other is being delivered.
    if (isOver) return;
    isOver = true;
    response.off("close", over);
    socket.off("close", over);
    callback();
  };
  response.once("close", over);
  // An answer that waits behind another one on the same connection hears nothing of the connection's end.
  socket.once("close", over);
  if (socket.destroyed || response.closed) over();
}
