import { Gauge, Histogram } from "prom-client";
import type { Metrics } from "../../metrics/metrics.js";
import type { FeedCounts } from "./feed.js";

const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300];

/**
 * Adds the lag of events: from the begin of the transaction that wrote them until they are handed to the subscribers of
 * this process.
 *
 * @returns takes the lag of an event, in seconds
 */
export function measureEventLag({ registry }: Metrics): (seconds: number) => void {
  const lag = new Histogram({
    name: "filedesk_event_lag_seconds",
    help: "Time from the begin of the transaction that wrote an event to its delivery to the subscribers here.",
    buckets: BUCKETS,
    registers: [registry],
  });
  return (seconds) => lag.observe(seconds);
}

/** Adds the subscribers of this process, and what is kept for them. */
export function collectFeedCounts(metrics: Metrics, counts: () => FeedCounts): void {
  const gauge = (name: string, help: string) =>
    new Gauge({ name, help, registers: [metrics.registry], labelNames: [] });
  const subscribers = gauge("filedesk_subscribers", "Subscriptions that are open in this process.");
  const topics = gauge("filedesk_subscribed_topics", "Topics that have subscribers in this process.");
  const buffered = gauge(
    "filedesk_buffered_events",
    "Events and signals in memory for subscribers that are slightly behind.",
  );
  const unread = gauge(
    "filedesk_event_log_unread_seconds",
    "Time since this process last looked for new events with success; 0 without subscribers.",
  );
  metrics.collect({
    name: "subscribers",
    gauges: [],
    read() {
      const now = counts();
      subscribers.set(now.subscribers);
      topics.set(now.topics);
      buffered.set(now.buffered);
      unread.set(now.unreadMs / 1_000);
    },
  });
}
