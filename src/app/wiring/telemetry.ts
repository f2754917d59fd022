import type { ApolloServerPlugin, BaseContext } from "@apollo/server";
import type { FastifyInstance } from "fastify";
import type { GraphQLSchema } from "graphql";
import type { Logger } from "pino";
import type { IngestObserver } from "../../modules/media/ingest/ingest-observer.js";
import { noIngestObserver } from "../../modules/media/ingest/ingest-observer.js";
import type { Config } from "../../platform/config/config.js";
import type { Job } from "../../platform/jobs/job.js";
import { observeJobs } from "../../platform/jobs/observed-jobs.js";
import type { Scanner } from "../../platform/scanner/scanner.js";
import { observeStorage } from "../../platform/storage/observed-storage.js";
import type { Storage } from "../../platform/storage/storage.js";
import type { Role } from "../startup/find-database.js";
import type { Observers, Watched } from "./observers.js";

/** Everything that observes a process. Where nothing does, it passes on what it is given. */
export interface Telemetry {
  /** The URL of the metrics; null if they are not served. */
  readonly metricsUrl: string | null;
  observeFiles<Files extends { readonly storage: Storage }>(files: Files): Files;
  observeJobs(jobs: readonly Job[]): readonly Job[];
  readonly ingest: IngestObserver;
  observeScanner(scanner: Scanner): Scanner;
  readonly onDelivered: ((lagSeconds: number) => void) | undefined;
  observeHttp(app: FastifyInstance): void;
  graphqlPlugins(schema: GraphQLSchema): readonly ApolloServerPlugin<BaseContext>[];
  /** Adds what is read when metrics are scraped. */
  watch(watched: Watched): void;
  close(): Promise<void>;
}

/** Observes nothing. */
export const noTelemetry: Telemetry = telemetryOf({}, null);

export interface TelemetryOptions {
  readonly config: Config;
  readonly role: Role;
  readonly log: Logger;
}

/**
 * Serves the metrics of a server or worker on a port of their own, if the configuration asks for them. Otherwise none of
 * it is loaded, and nothing is observed.
 */
export async function openTelemetry({ config, role, log }: TelemetryOptions): Promise<Telemetry> {
  const { METRICS_PORT: port, METRICS_HOST: host } = config;
  if (port === undefined || role === "command") return noTelemetry;
  const { createDeskMetrics } = await import("./metrics.js");
  const { startMetricsServer } = await import("../../platform/metrics/metrics-server.js");
  const { metrics, observers } = createDeskMetrics(config);
  return telemetryOf(observers, await startMetricsServer({ metrics, host, port, log }));
}

interface Served {
  readonly url: string;
  close(): Promise<void>;
}

function telemetryOf(observers: Observers, server: Served | null): Telemetry {
  return {
    metricsUrl: server?.url ?? null,
    ingest: observers.ingest ?? noIngestObserver,
    onDelivered: observers.onDelivered,
    observeFiles: (files) =>
      observers.storage ? { ...files, storage: observeStorage(files.storage, observers.storage) } : files,
    observeJobs: (jobs) => (observers.jobs ? observeJobs(jobs, observers.jobs) : jobs),
    observeScanner: (scanner) => observers.observeScanner?.(scanner) ?? scanner,
    observeHttp: (app) => observers.observeHttp?.(app),
    graphqlPlugins: (schema) => {
      const plugin = observers.graphqlPlugin?.(schema);
      return plugin ? [plugin] : [];
    },
    watch: (watched) => observers.watch?.(watched),
    close: async () => server?.close(),
  };
}
