import type { ApolloServerPlugin, BaseContext } from "@apollo/server";
import type { FastifyInstance } from "fastify";
import type { GraphQLSchema } from "graphql";
import type { Logger } from "pino";
import type { IngestObserver } from "../../modules/media/ingest/ingest-observer.js";
import type { Config } from "../../platform/config/config.js";
import type { ObserveOperation } from "../../platform/graphql/execution/compiled-execution.js";
import type { Job } from "../../platform/jobs/job.js";
import { observeJobs } from "../../platform/jobs/observed-jobs.js";
import type { Scanner } from "../../platform/scanner/scanner.js";
import { observeStaging } from "../../platform/storage/observed-staging.js";
import { observeStorage } from "../../platform/storage/observed-storage.js";
import type { StagingArea } from "../../platform/storage/staging-area.js";
import type { Storage } from "../../platform/storage/storage.js";
import type { Observe } from "../../platform/telemetry/observe.js";
import { observedBy, unobserved } from "../../platform/telemetry/observe.js";
import type { Role } from "../startup/find-database.js";
import type { Observers, Watched } from "./observers.js";

/** Everything that observes a process. Where nothing does, it passes on what it is given. */
export interface Telemetry {
  /** The URL of the metrics; null if they are not served. */
  readonly metricsUrl: string | null;
  observeFiles<Files extends ObservedFiles>(files: Files): Files;
  observeJobs(jobs: readonly Job[]): readonly Job[];
  /** Observes SQL statements, by their texts. */
  readonly statements: Observe | undefined;
  readonly ingest: IngestObserver;
  observeScanner(scanner: Scanner): Scanner;
  readonly onDelivered: ((lagSeconds: number) => void) | undefined;
  observeHttp(app: FastifyInstance): void;
  graphqlPlugins(schema: GraphQLSchema): readonly ApolloServerPlugin<BaseContext>[];
  observeOperation(schema: GraphQLSchema): ObserveOperation | undefined;
  /** Adds what is read when metrics are scraped. */
  watch(watched: Watched): void;
  close(): Promise<void>;
}

interface ObservedStorage {
  readonly storage: Storage;
  readonly staging: StagingArea;
}

/** The storage of a desk, and the one that files are being moved from. */
interface ObservedFiles extends ObservedStorage {
  readonly from?: ObservedStorage | undefined;
}

export interface TelemetryOptions {
  readonly config: Config;
  readonly role: Role;
  readonly log: Logger;
}

/** A way to observe a process, until it is closed. */
interface Opened {
  readonly observers: Observers;
  readonly metricsUrl?: string;
  close(): Promise<void>;
}

/**
 * Opens the metrics and the traces of a server or worker, if the configuration asks for them. Otherwise none of it is
 * loaded, and nothing is observed.
 */
export async function openTelemetry(options: TelemetryOptions): Promise<Telemetry> {
  if (options.role === "command") return noTelemetry;
  const opened: Opened[] = [];
  try {
    for (const open of [openTraces, openMetrics]) {
      const one = await open(options);
      if (one !== null) opened.push(one);
    }
  } catch (error) {
    await closeAll(opened);
    throw error;
  }
  return telemetryOf(opened);
}

async function openMetrics({ config, log }: TelemetryOptions): Promise<Opened | null> {
  const { METRICS_PORT: port, METRICS_HOST: host } = config;
  if (port === undefined) return null;
  const { createDeskMetrics } = await import("./metrics.js");
  const { startMetricsServer } = await import("../../platform/metrics/metrics-server.js");
  const { metrics, observers } = createDeskMetrics(config);
  const { url: metricsUrl, close } = await startMetricsServer({ metrics, host, port, log });
  return { observers, metricsUrl, close };
}

async function openTraces({ config, log }: TelemetryOptions): Promise<Opened | null> {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint } = config;
  if (endpoint === undefined) return null;
  const { createDeskTraces } = await import("./traces.js");
  const { OTEL_SERVICE_NAME: serviceName, OTEL_TRACES_SAMPLER_ARG: ratio } = config;
  return createDeskTraces({ endpoint, serviceName, ratio, log });
}

const closeAll = async (opened: readonly Opened[]): Promise<void> => {
  await Promise.all(opened.map(({ close }) => close()));
};

function telemetryOf(opened: readonly Opened[]): Telemetry {
  const all = opened.map(({ observers }) => observers);
  const storage = observedBy(...all.map((each) => each.storage));
  const jobRuns = observedBy(...all.map((each) => each.jobs));
  const ingests = all.flatMap(({ ingest }) => ingest ?? []);
  const metrics = all.find(({ onDelivered }) => onDelivered);
  return {
    metricsUrl: opened.flatMap(({ metricsUrl }) => metricsUrl ?? [])[0] ?? null,
    statements: observedBy(...all.map((each) => each.statements)),
    onDelivered: metrics?.onDelivered,
    ingest: {
      step: observedBy(...ingests.map(({ step }) => step)) ?? unobserved,
      received(bucket, bytes) {
        for (const ingest of ingests) ingest.received(bucket, bytes);
      },
    },
    observeFiles: (files) => (storage ? observeFiles(files, storage) : files),
    observeJobs: (jobs) => (jobRuns ? observeJobs(jobs, jobRuns) : jobs),
    observeScanner: (scanner) => metrics?.observeScanner?.(scanner) ?? scanner,
    observeHttp(app) {
      for (const observers of all) observers.observeHttp?.(app);
    },
    graphqlPlugins: (schema) => all.flatMap((observers) => observers.graphqlPlugin?.(schema) ?? []),
    observeOperation: (schema) => all.flatMap((observers) => observers.operations?.(schema) ?? [])[0],
    watch(watched) {
      for (const observers of all) observers.watch?.(watched);
    },
    close: () => closeAll(opened),
  };
}

const observeOne = <Opened extends ObservedStorage>(opened: Opened, observe: Observe): Opened => ({
  ...opened,
  storage: observeStorage(opened.storage, observe),
  staging: observeStaging(opened.staging, observe),
});

const observeFiles = <Files extends ObservedFiles>(files: Files, observe: Observe): Files => ({
  ...observeOne(files, observe),
  ...(files.from && { from: observeOne(files.from, observe) }),
});

/** Observes nothing. */
export const noTelemetry: Telemetry = telemetryOf([]);
