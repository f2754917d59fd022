import { constants, gzip } from "node:zlib";
import type { FastifyInstance } from "fastify";
import Negotiator from "negotiator";
import { KIB } from "../../kernel/bytes.js";

/** Shorter responses fit into a packet or two. Responses that consist of a secret, such as a token, are shorter. */
const MIN_BYTES = 2 * KIB;

/** Node's pool of four threads reads and writes files as well. */
const MAX_AT_ONCE = 2;

const ENCODINGS = ["gzip", "identity"];

/**
 * Compresses JSON responses for clients that accept it. A response never waits for a thread: if too many are being
 * compressed, it is sent uncompressed. Streams are not compressed, because their events must arrive at once, nor are
 * files, which have compressed formats.
 *
 * The length of a compressed response can reveal its content to an attacker who can trigger requests with chosen texts
 * (BREACH). Foreign pages cannot: there are no cookies, and they have no token.
 */
export function compressAnswers(app: FastifyInstance): void {
  let underWay = 0;
  app.addHook("onSend", ({ raw }, reply, payload, done) => {
    if (typeof payload !== "string" || payload.length < MIN_BYTES || !isJson(reply.getHeader("content-type")))
      return done(null, payload);
    reply.header("vary", [reply.getHeader("vary"), "Accept-Encoding"].flat().filter(Boolean).join(", "));
    const isAccepted = new Negotiator(raw).encoding(ENCODINGS) === "gzip";
    if (!isAccepted || underWay >= MAX_AT_ONCE) return done(null, payload);
    underWay++;
    gzip(payload, { level: constants.Z_BEST_SPEED }, (error, compressed) => {
      underWay--;
      if (error) return done(null, payload);
      reply.header("content-encoding", "gzip").removeHeader("content-length");
      done(null, compressed);
    });
  });
}

const isJson = (contentType: unknown): boolean => /^application\/([\w-]+\+)?json\b/.test(String(contentType));
