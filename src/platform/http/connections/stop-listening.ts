import type { Server } from "node:http";
import { Server as NetServer } from "node:net";
import { setTimeout as delay, setImmediate as nextTurn } from "node:timers/promises";

/** How long a turn of the event loop takes that had next to nothing to do. */
const SHORT_TURN_MS = 0.5;
/** How long such a turn is waited for; a busy server stops all the same. */
const WAIT_MS = 1_000;

/** How long connections that were opened at the last moment may take to send their requests. */
const LAST_REQUESTS_MS = 1_000;

/**
 * Takes no more connections, and serves requests on open ones for another moment. A load balancer that does not ask
 * `/readyz` notices now, because a connection is refused, and tries another server: nothing has been sent to this one.
 *
 * @returns the end of the last connection
 */
export async function stopListening(server: Server): Promise<{ readonly ended: Promise<void> }> {
  const ended = new Promise<void>((resolve) => {
    server.once("close", resolve);
  });
  // Right after Node has accepted what was waiting: the rest would be reset.
  await shortTurn();
  // The close of an HTTP server also ends idle connections, on which a request may be on its way.
  NetServer.prototype.close.call(server);
  await delay(LAST_REQUESTS_MS);
  return { ended };
}

/**
 * Waits for a turn of the event loop in which little happened after new connections were accepted, because those that
 * come in the rest of a turn are reset when the server stops listening.
 */
async function shortTurn(): Promise<void> {
  const waitUntil = performance.now() + WAIT_MS;
  for (let began = performance.now(); ; began = performance.now()) {
    await nextTurn();
    const now = performance.now();
    if (now - began < SHORT_TURN_MS || now > waitUntil) return;
  }
}
