import type { FastifyReply, FastifyRequest } from "fastify";

/** Where a client or a proxy reads the bytes of a response, instead of from this server. */
export type HandOver =
  /** The client is sent to this URL. */
  | { readonly kind: "redirect"; readonly url: string }
  /** A proxy in front of this server reads this path of its own (`X-Accel-Redirect` of nginx). */
  | { readonly kind: "internal"; readonly path: string };

/** The headers that the bytes have, wherever they are read. */
export interface HandOverHeaders {
  readonly contentType: string;
  readonly contentDisposition: string;
  readonly cacheControl: string;
}

/**
 * Conditions on our ETag and date, which have been checked here. Who reads the bytes elsewhere meets another ETag and
 * date: those requests are answered from here.
 */
const CONDITIONS = ["if-match", "if-unmodified-since", "if-range"] as const;

export const canHandOver = ({ method, headers }: FastifyRequest): boolean =>
  method === "GET" && CONDITIONS.every((name) => headers[name] === undefined);

/** Answers with the place of the bytes. A range is the business of who sends them. */
export async function sendHandOver(
  reply: FastifyReply,
  place: HandOver,
  headers: Readonly<Record<string, string | number>>,
): Promise<void> {
  if (place.kind === "redirect") {
    // A redirect names a URL that works for anybody, for a short time.
    await reply.code(302).headers({ location: place.url, "cache-control": "no-store" }).send();
    return;
  }
  const { "content-length": _length, "content-range": _range, ...kept } = headers;
  await reply
    .code(200)
    .headers({ ...kept, "x-accel-redirect": place.path })
    .send("");
}
