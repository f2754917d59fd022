import { measureDownloads } from "../../modules/media/downloads/download.metrics.js";
import { createIngestMetrics } from "../../modules/media/ingest/ingest.metrics.js";
import { collectScanStatuses } from "../../modules/media/ingest/scan-status.metrics.js";
import type { Config } from "../../platform/config/config.js";
import { collectPoolUse } from "../../platform/database/pool.metrics.js";
import { collectFeedCounts, measureEventLag } from "../../platform/events/feed/feed.metrics.js";
import { measureOperations } from "../../platform/graphql/server/operation.metrics.js";
import { boundedNames } from "../../platform/graphql/server/operation-names.js";
import { measureRequests } from "../../platform/http/http.metrics.js";
import { collectQueueDepths, createJobMetrics } from "../../platform/jobs/job.metrics.js";
import { createMetrics } from "../../platform/metrics/metrics.js";
import { measureScanner } from "../../platform/scanner/scanner.metrics.js";
import { createStorageMetrics } from "../../platform/storage/storage.metrics.js";
import type { Observers } from "./observers.js";

/** Creates the metrics of a server or worker, and what fills them. */
export function createDeskMetrics({ METRICS_OPERATIONS }: Pick<Config, "METRICS_OPERATIONS">) {
  const metrics = createMetrics();
  const { registry } = metrics;
  const observers: Observers = {
    storage: createStorageMetrics(registry),
    jobs: createJobMetrics(registry),
    ingest: createIngestMetrics(registry),
    observeScanner: (scanner) => measureScanner(scanner, registry),
    onDelivered: measureEventLag(metrics),
    observeHttp(app) {
      measureRequests(app, registry);
      measureDownloads(app, registry);
    },
    graphqlPlugin: (schema) => measureOperations(registry, boundedNames(schema, METRICS_OPERATIONS)),
    watch({ database, feed }) {
      collectPoolUse(metrics, database.poolUse);
      collectQueueDepths(metrics, database.background);
      collectScanStatuses(metrics, database.background);
      collectFeedCounts(metrics, () => feed.counts());
    },
  };
  return { metrics, observers };
}
