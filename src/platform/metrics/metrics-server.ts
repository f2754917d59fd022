import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Logger } from "pino";
import { SECOND_MS } from "../../kernel/clock.js";
import { SECURITY_HEADERS } from "../security-headers.js";
import type { Metrics } from "./metrics.js";

export interface MetricsServerOptions {
  readonly metrics: Metrics;
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  readonly log: Logger;
}

/** The HTTP server for metrics, apart from the public one. */
export interface MetricsServer {
  /** The URL of the metrics. */
  readonly url: string;
  close(): Promise<void>;
}

const PATH = "/metrics";
const REQUEST_TIMEOUT_MS = 10 * SECOND_MS;
/** Prometheus keeps its connection between two scrapes, whose default interval is a minute. */
const KEEP_ALIVE_MS = 75 * SECOND_MS;
/** A few Prometheus servers and people, and whoever forgets to hang up. */
const MAX_CONNECTIONS = 50;

/** Serves metrics at `/metrics`, to everybody who reaches the port. @throws if it cannot listen */
export async function startMetricsServer(options: MetricsServerOptions): Promise<MetricsServer> {
  const { metrics, host, port, log } = options;
  const server = createServer(
    {
      requestTimeout: REQUEST_TIMEOUT_MS,
      headersTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
    },
    (request, response) => {
      answer(metrics, request, response).catch((error: unknown) => {
        log.error({ err: error }, "metrics could not be written");
        response.destroy();
      });
    },
  );
  server.maxConnections = MAX_CONNECTIONS;
  server.listen(port, host);
  await once(server, "listening");
  server.on("error", (error) => log.warn({ err: error }, "a connection for metrics could not be accepted"));
  const { port: chosen } = server.address() as AddressInfo;
  const url = `http://${host.includes(":") ? `[${host}]` : host}:${chosen}${PATH}`;
  log.info({ url }, "metrics are served");
  return {
    url,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

async function answer(
  metrics: Metrics,
  { method, url = "" }: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
  if (url.split("?", 1)[0] !== PATH) return void response.writeHead(404).end();
  if (method !== "GET") return void response.writeHead(405, { allow: "GET" }).end();
  const text = await metrics.text();
  response.writeHead(200, { "content-type": metrics.registry.contentType });
  response.end(text);
}
