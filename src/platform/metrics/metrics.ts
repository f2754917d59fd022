import type { Gauge } from "prom-client";
import { Counter, collectDefaultMetrics, Registry } from "prom-client";
import { SECOND_MS } from "../../kernel/clock.js";

/** Figures that are read when metrics are scraped. */
export interface Collection {
  /** One of a bounded set: a label of failures. */
  readonly name: string;
  /** Gauges with labels, whose values are replaced by each reading, and absent while it fails. */
  readonly gauges: readonly Gauge[];
  /** Reads the figures and sets the gauges. */
  read(): Promise<void> | void;
  /** How long a reading is kept; by default it is repeated for each scrape. */
  readonly keepMs?: number;
}

/** The metrics of one process. */
export interface Metrics {
  /** Where counters, gauges and histograms are registered. */
  readonly registry: Registry;
  /** Adds figures that are read when metrics are scraped. */
  collect(collection: Collection): void;
  /** All metrics in Prometheus' text format. */
  text(): Promise<string>;
}

/** A reading that takes longer counts as failed, so that the other metrics are scraped in time. */
const READ_TIMEOUT_MS = 3 * SECOND_MS;

/** Creates the metrics of a process, with those that Node and the operating system provide. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const failures = new Counter({
    name: "filedesk_metrics_collection_failures_total",
    help: "Readings of figures for a scrape that failed or took too long; the figures were absent then.",
    labelNames: ["collection"],
    registers: [registry],
  });
  const readings: (() => Promise<void>)[] = [];
  let scrape: Promise<string> | null = null;
  const readAll = async () => {
    await Promise.all(readings.map((read) => read()));
    return registry.metrics();
  };
  return {
    registry,
    collect(collection) {
      failures.inc({ collection: collection.name }, 0);
      readings.push(createReading(collection, () => failures.inc({ collection: collection.name })));
    },
    text() {
      scrape ??= readAll().finally(() => {
        scrape = null;
      });
      return scrape;
    },
  };
}

/** Reads one at a time: a reading that has timed out is not repeated before it has ended. */
function createReading({ gauges, read, keepMs = 0 }: Collection, failed: () => void): () => Promise<void> {
  let underWay: Promise<void> | null = null;
  let readAt = Number.NEGATIVE_INFINITY;
  const begin = async () => {
    for (const gauge of gauges) gauge.reset();
    await read();
    readAt = performance.now();
  };
  return async () => {
    if (underWay === null && performance.now() - readAt < keepMs) return;
    underWay ??= begin().finally(() => {
      underWay = null;
    });
    try {
      await withinTimeout(underWay);
    } catch {
      readAt = Number.NEGATIVE_INFINITY;
      for (const gauge of gauges) gauge.reset();
      failed();
    }
  };
}

async function withinTimeout(work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("timed out")), READ_TIMEOUT_MS);
  });
  try {
    await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
