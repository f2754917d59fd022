import { CloseCode } from "graphql-ws";
import type { RawData, WebSocket } from "ws";
import { SECOND_MS } from "../../../kernel/clock.js";
import { exceededLimit } from "../../http/json-limits.js";

/** The subprotocol of subscriptions-transport-ws, which has not been maintained since 2018. */
export const LEGACY_PROTOCOL = "graphql-ws";

const MESSAGE =
  "The subprotocol graphql-ws of subscriptions-transport-ws is not supported: use graphql-transport-ws, as the library graphql-ws does.";
const REASON = "Use the subprotocol graphql-transport-ws";
/**
 * A client sends its operations right after `connection_init`: each gets an error message before the connection closes.
 */
const CLOSE_DELAY_MS = SECOND_MS;
const INIT_TIMEOUT_MS = 10 * SECOND_MS;
const MAX_MESSAGES = 100;

/**
 * Refuses a client of the legacy subprotocol with error messages of that protocol, then closes the connection. If the
 * handshake did not accept the subprotocol, such a client would see a broken connection and reconnect forever
 * (https://github.com/apollographql/subscriptions-transport-ws/blob/master/PROTOCOL.md).
 */
export function refuseLegacyClient(socket: WebSocket): void {
  const close = () => socket.close(CloseCode.SubprotocolNotAcceptable, REASON);
  let timer = setTimeout(close, INIT_TIMEOUT_MS);
  let messages = 0;
  socket.on("error", () => {});
  socket.once("close", () => clearTimeout(timer));
  socket.on("message", (data) => {
    if (++messages > MAX_MESSAGES) return socket.terminate();
    const { type, id } = messageIn(data);
    const payload = { message: MESSAGE };
    if (type === "connection_init") {
      socket.send(JSON.stringify({ type: "connection_error", payload }));
      clearTimeout(timer);
      timer = setTimeout(close, CLOSE_DELAY_MS);
    } else if (type === "start") socket.send(JSON.stringify({ id, type: "error", payload }));
    else close();
  });
}

function messageIn(data: RawData): { readonly type?: unknown; readonly id?: unknown } {
  try {
    const text = String(data);
    return exceededLimit(text) ? {} : Object(JSON.parse(text));
  } catch {
    return {};
  }
}
