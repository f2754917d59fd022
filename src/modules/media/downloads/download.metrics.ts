import type { FastifyInstance, FastifyReply } from "fastify";
import type { Registry } from "prom-client";
import { Counter } from "prom-client";

/** Measures downloads: their number by resource and status, and the bytes that were sent to clients. */
export function measureDownloads(app: FastifyInstance, registry: Registry): void {
  const downloads = new Counter({
    name: "filedesk_downloads_total",
    help: "Downloads that have ended; the status is `aborted` if the client left before the end.",
    labelNames: ["resource", "status"],
    registers: [registry],
  });
  const bytes = new Counter({
    name: "filedesk_download_bytes_total",
    help: "Bytes of files that were sent to clients, without headers.",
    labelNames: ["resource"],
    registers: [registry],
  });
  app.addHook("onRequest", (request, reply, done) => {
    const resource = resourceOf(request.routeOptions.url);
    if (resource === null) return done();
    const { socket } = request.raw;
    const sentBefore = socket.bytesWritten;
    const { raw } = reply;
    raw.once("close", () => {
      downloads.inc({ resource, status: raw.writableFinished ? raw.statusCode : "aborted" });
      if (request.method === "GET") bytes.inc({ resource }, bytesOf(reply, socket.bytesWritten - sentBefore));
    });
    done();
  });
}

const RESOURCE = /^\/(attachments|files|public)\/:/;

/** Of the template of a route; null if it is not that of a download. */
const resourceOf = (route: string | undefined): string | null => RESOURCE.exec(route ?? "")?.[1] ?? null;

/** @param sent what the socket has taken of the response, with its headers */
function bytesOf(reply: FastifyReply, sent: number): number {
  if (reply.statusCode !== 200 && reply.statusCode !== 206) return 0;
  const length = Number(reply.getHeader("content-length") ?? 0);
  return reply.raw.writableFinished ? length : Math.min(length, sent);
}
