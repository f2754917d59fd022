import { str } from "envalid";
import { httpUrl, list, port, share } from "./validators.js";

/** What observes the processes: metrics and traces. */
export const telemetrySettings = {
  METRICS_PORT: port({
    default: undefined,
    desc: "Port that serves metrics for Prometheus at /metrics, of a server or a worker; without it there are none. 0 means any free port",
    example: "9464",
  }),
  METRICS_HOST: str({
    default: "127.0.0.1",
    desc: "Network address that serves metrics; whoever reaches it may read them",
    example: "0.0.0.0",
  }),
  METRICS_OPERATIONS: list({
    default: [],
    desc: "Names of GraphQL operations that are counted by themselves, comma-separated; all others are counted by their root field",
    example: "TicketList,SendReply",
  }),
  OTEL_EXPORTER_OTLP_ENDPOINT: httpUrl({
    default: undefined,
    desc: "Base URL of an OpenTelemetry receiver (OTLP over HTTP) that traces are sent to; without it there are none",
    example: "http://localhost:4318",
  }),
  OTEL_SERVICE_NAME: str({
    default: "filedesk",
    desc: "Name of the service in traces",
    example: "filedesk-worker",
  }),
  OTEL_TRACES_SAMPLER_ARG: share({
    default: 1,
    desc: "Share of the traces that are recorded, from 0 to 1, unless the request's traceparent decides",
    example: "0.1",
  }),
} as const;
