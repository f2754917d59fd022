import { constants, gzip } from "node:zlib";
import type { FastifyInstance } from "fastify";
import Negotiator from "negotiator";
import { KIB } from "../../kernel/bytes.js";

/** Shorter ones fit into a packet or two, and what is secret by itself, such as a token, is among them. */
const LEAST_BYTES = 2 * KIB;

/** Node's pool of four threads reads and writes files as well. */
const MOST_AT_ONCE = 2;

const ENCODINGS = ["gzip", "identity"];

/**
 * Compresses JSON that is sent in one piece, for clients that accept it. Nobody waits for a turn: while others are being
 * compressed, an answer goes out as it is. Streams stay as they are, since what they tell has to arrive at once, and
 * files, which are compressed by themselves.
 *
 * An answer's length tells something of what is in it to who can have it asked for again and again with texts of theirs
 * (BREACH). Pages of others cannot: there are no cookies, and they have no token.
 */
export function compressAnswers(app: FastifyInstance): void {
  let underWay = 0;
  app.addHook("onSend", ({ raw }, reply, payload, done) => {
    if (
      typeof payload !== "string" ||
      payload.length < LEAST_BYTES ||
      !isJson(reply.getHeader("content-type"))
    )
      return done(null, payload);
    reply.header("vary", [reply.getHeader("vary"), "Accept-Encoding"].flat().filter(Boolean).join(", "));
    const isAccepted = new Negotiator(raw).encoding(ENCODINGS) === "gzip";
    if (!isAccepted || underWay >= MOST_AT_ONCE) return done(null, payload);
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
