import type { IncomingMessage, OutgoingHttpHeaders } from "node:http";
import { Agent as HttpAgent, request as httpRequest } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { KIB } from "../../../kernel/bytes.js";
import { SECOND_MS } from "../../../kernel/clock.js";
import { limitTime } from "../../../kernel/time-limit.js";
import type { AddressRules } from "./public-address.js";
import { createGuardedLookup, hostOf, refuseConnected, refusePrivateAddress } from "./public-address.js";

/** What is read of an answer, so that its connection can be used again. */
const MOST_READ = 16 * KIB;
const READ_FOR_MS = SECOND_MS;

/** `timeout` closes connections that are idle: each receiver has one at most, and those of few receivers are kept. */
const CONNECTIONS = { keepAlive: true, timeout: 2 * SECOND_MS, maxFreeSockets: 1, maxTotalSockets: 256 };

export interface Post {
  readonly url: string;
  readonly headers: OutgoingHttpHeaders;
  readonly body: string;
  readonly signal: AbortSignal;
}

export interface Poster {
  /**
   * Sends a request. Redirects are not followed.
   *
   * @returns the status of the answer
   * @throws what `refuse` of the rules returns; the error of the connection
   */
  post(post: Post): Promise<number>;
  /** Closes idle connections. */
  close(): void;
}

export interface PosterOptions extends AddressRules {
  /** For a request and its answer, in milliseconds. */
  readonly timeoutMs: number;
}

/** Posts to public addresses, and to hosts that are allowed by name. The address is checked for each connection. */
export function createPoster(options: PosterOptions): Poster {
  const agents = { "http:": new HttpAgent(CONNECTIONS), "https:": new HttpsAgent(CONNECTIONS) };
  const send = ({ url: written, headers, body, signal }: Post) =>
    new Promise<IncomingMessage>((resolve, reject) => {
      const url = new URL(written);
      refusePrivateAddress(url, options);
      const isSecure = url.protocol === "https:";
      const sent = (isSecure ? httpsRequest : httpRequest)(url, {
        method: "POST",
        agent: agents[isSecure ? "https:" : "http:"],
        lookup: createGuardedLookup(options, hostOf(url)),
        headers: { ...headers, "content-length": Buffer.byteLength(body) },
        signal,
      });
      sent.on("socket", (socket) => refuseConnected(socket, url, options));
      sent.on("response", resolve);
      sent.on("upgrade", (answer, socket) => {
        socket.destroy();
        resolve(answer);
      });
      sent.on("error", reject);
      sent.on("close", () => reject(Object.assign(new Error("closed"), { code: "ECONNRESET" })));
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      sent.end(body);
    });
  return {
    async post(post) {
      const limit = limitTime(post.signal, options.timeoutMs);
      try {
        const answer = await send({ ...post, signal: limit.signal });
        await readSome(answer);
        return answer.statusCode ?? 0;
      } finally {
        limit.end();
      }
    },
    close() {
      for (const agent of Object.values(agents)) agent.destroy();
    },
  };
}

/** Reads what remains of an answer whose status is known already; of a long or slow one, the connection is closed. */
const readSome = (answer: IncomingMessage): Promise<void> =>
  new Promise((resolve) => {
    let read = 0;
    const end = () => {
      clearTimeout(timer);
      answer.destroy();
      resolve();
    };
    const timer = setTimeout(end, READ_FOR_MS);
    answer.on("error", end);
    answer.on("end", () => {
      clearTimeout(timer);
      resolve();
    });
    answer.on("close", end);
    answer.on("data", (chunk: Buffer) => {
      read += chunk.length;
      if (read > MOST_READ) end();
    });
  });
