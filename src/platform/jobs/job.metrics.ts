import type { Registry } from "prom-client";
import { Counter, Gauge, Histogram } from "prom-client";
import { SECOND_MS } from "../../kernel/clock.js";
import type { Database } from "../database/client.js";
import type { Metrics } from "../metrics/metrics.js";
import type { Observe } from "../telemetry/observe.js";
import { listQueueDepths } from "./queue-depth.repository.js";

const BUCKETS = [0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300, 1_800];

/**
 * Measures the runs of jobs in this process: their number by result, and their seconds. The label is `job_name`, because
 * Prometheus gives `job` to the process that it scrapes.
 */
export function createJobMetrics(registry: Registry): Observe {
  const runs = new Counter({
    name: "filedesk_job_runs_total",
    help: "Runs of jobs that have ended in this process; a failed run is retried.",
    labelNames: ["job_name", "result"],
    registers: [registry],
  });
  const seconds = new Histogram({
    name: "filedesk_job_run_duration_seconds",
    help: "Duration of runs of jobs in this process.",
    labelNames: ["job_name"],
    buckets: BUCKETS,
    registers: [registry],
  });
  return async (jobName, work) => {
    const startedAt = performance.now();
    let result = "failed";
    try {
      const value = await work();
      result = "done";
      return value;
    } finally {
      runs.inc({ job_name: jobName, result });
      seconds.observe({ job_name: jobName }, (performance.now() - startedAt) / 1_000);
    }
  };
}

/** Each process reads the queue of the whole installation, so not for each of many scrapes. */
const KEEP_MS = 10 * SECOND_MS;

/** Adds the depth of the queue of each job, and the age of its oldest due job. */
export function collectQueueDepths(metrics: Metrics, db: Pick<Database, "execute">): void {
  const registers = [metrics.registry];
  const jobs = new Gauge({
    name: "filedesk_jobs",
    help: "Jobs of the whole installation: queued, active, waiting for a retry, or dead in the last 30 days.",
    labelNames: ["job_name", "state"],
    registers,
  });
  const age = new Gauge({
    name: "filedesk_job_oldest_due_seconds",
    help: "How long the oldest due job has waited for a worker; 0 if none is due.",
    labelNames: ["job_name"],
    registers,
  });
  metrics.collect({
    name: "jobs",
    gauges: [jobs, age],
    keepMs: KEEP_MS,
    async read() {
      for (const { name, oldestDueSeconds, ...states } of await listQueueDepths(db)) {
        for (const [state, count] of Object.entries(states)) jobs.set({ job_name: name, state }, count);
        age.set({ job_name: name }, oldestDueSeconds);
      }
    },
  });
}
