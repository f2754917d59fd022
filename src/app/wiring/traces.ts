import { SpanKind } from "@opentelemetry/api";
import type { OperationDefinitionNode } from "graphql";
import { boundedNames } from "../../platform/graphql/server/operation-names.js";
import type { Observe } from "../../platform/telemetry/observe.js";
import { traceRequests } from "../../platform/tracing/trace-requests.js";
import type { Tracing, TracingOptions } from "../../platform/tracing/tracing.js";
import { createTracing } from "../../platform/tracing/tracing.js";
import type { Observers } from "./observers.js";

/** Longest name of an operation, which the client chooses. */
const MAX_NAME = 100;

/** Creates the traces of a server or worker, and what makes their spans. */
export function createDeskTraces(options: TracingOptions) {
  const tracing = createTracing(options);
  const child =
    (prefix: string): Observe =>
    (name, work) =>
      tracing.inChild({ name: `${prefix} ${name}`, kind: SpanKind.INTERNAL }, work);
  const observers: Observers = {
    storage: child("storage"),
    statements: (text, work) => tracing.inChild(statementSpan(text), work),
    jobs: (name, work) =>
      tracing.inRoot(
        { name: `job ${name}`, kind: SpanKind.CONSUMER, attributes: { "job.name": name } },
        work,
      ),
    ingest: { step: child("upload"), received() {} },
    observeHttp: (app) => traceRequests(app, tracing),
    operations(schema) {
      const nameOf = boundedNames(schema, []);
      return (operation, work) => tracing.inChild(operationSpan(operation, nameOf(operation)), work);
    },
  };
  return { observers, close: (): Promise<void> => tracing.close() } satisfies {
    observers: Observers;
    close: Tracing["close"];
  };
}

const operationSpan = ({ operation, name }: OperationDefinitionNode, field: string) => ({
  name: `${operation} ${field}`,
  kind: SpanKind.INTERNAL,
  attributes: {
    "graphql.operation.type": operation,
    ...(name && { "graphql.operation.name": name.value.slice(0, MAX_NAME) }),
  },
});

/** Values are parameters, which are not in the text. */
const statementSpan = (text: string) => ({
  name: `sql ${/\w+/.exec(text)?.[0]?.toLowerCase() ?? "statement"}`,
  kind: SpanKind.CLIENT,
  attributes: { "db.system.name": "postgresql", "db.query.text": text },
});
