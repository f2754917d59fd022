import type { IncomingMessage, OutgoingHttpHeaders } from "node:http";
import { Agent as HttpAgent, request as httpRequest } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { KIB } from "../../../kernel/bytes.js";
import type { AddressRules } from "./public-address.js";
import { createGuardedLookup, hostOf, refuseConnected, refusePrivateAddress } from "./public-address.js";

/** What is read of an answer, so that its connection can be used again. */
const MOST_READ = 16 * KIB;

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
  const agents = {
    "http:": new HttpAgent({ keepAlive: true }),
    "https:": new HttpsAgent({ keepAlive: true }),
  };
  return {
    async post({ url: written, headers, body, signal }) {
      const url = new URL(written);
      refusePrivateAddress(url, options);
      const isSecure = url.protocol === "https:";
      const limited = AbortSignal.any([signal, AbortSignal.timeout(options.timeoutMs)]);
      const answer = await new Promise<IncomingMessage>((resolve, reject) => {
        const sent = (isSecure ? httpsRequest : httpRequest)(url, {
          method: "POST",
          agent: agents[isSecure ? "https:" : "http:"],
          lookup: createGuardedLookup(options, hostOf(url)),
          headers: { ...headers, "content-length": Buffer.byteLength(body) },
          signal: limited,
        });
        sent.on("socket", (socket) => refuseConnected(socket, url, options));
        sent.on("response", resolve);
        sent.on("error", reject);
        sent.end(body);
      });
      readSome(answer);
      return answer.statusCode ?? 0;
    },
    close() {
      for (const agent of Object.values(agents)) agent.destroy();
    },
  };
}

/** Reads what remains of an answer whose status is known already; of a long one, the connection is closed. */
function readSome(answer: IncomingMessage): void {
  let read = 0;
  answer.on("error", () => {});
  answer.on("data", (chunk: Buffer) => {
    read += chunk.length;
    if (read > MOST_READ) answer.destroy();
  });
}
