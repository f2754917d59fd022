import type { ApolloServerPlugin, BaseContext } from "@apollo/server";
import { ApolloServerErrorCode } from "@apollo/server/errors";
import { GraphQLError } from "graphql";
import type { Registry } from "prom-client";
import { Counter, Histogram } from "prom-client";
import { expectedFailure } from "../error-format.js";
import type { NameOperation } from "./operation-names.js";
import { OTHER_OPERATION } from "./operation-names.js";

const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/**
 * Measures queries and mutations: their number by operation and result, and their seconds by operation. The result is
 * `ok` or the code of the first error.
 */
export function measureOperations(
  registry: Registry,
  nameOperation: NameOperation,
): ApolloServerPlugin<BaseContext> {
  const requests = new Counter({
    name: "filedesk_graphql_requests_total",
    help: "Queries and mutations that have been answered, by the code of their first error, or `ok`.",
    labelNames: ["operation", "type", "code"],
    registers: [registry],
  });
  const seconds = new Histogram({
    name: "filedesk_graphql_request_duration_seconds",
    help: "Duration of queries and mutations, including the time in which their files arrive.",
    labelNames: ["operation", "type"],
    buckets: BUCKETS,
    registers: [registry],
  });
  return {
    async requestDidStart() {
      const startedAt = performance.now();
      return {
        async willSendResponse({ operation, response: { body } }) {
          const name = nameOperation(operation);
          const [error] = body.kind === "single" ? (body.singleResult.errors ?? []) : [];
          const code = error === undefined ? "ok" : (error.extensions?.code ?? "other");
          const type = operation?.operation ?? "other";
          requests.inc({ operation: name, type, code: String(code) });
          seconds.observe({ operation: name, type }, (performance.now() - startedAt) / 1_000);
        },
      };
    },
    // What is refused before it is parsed has no response of its own here.
    async unexpectedErrorProcessingRequest({ error }) {
      requests.inc({ operation: OTHER_OPERATION, type: "other", code: codeOf(error) });
    },
  };
}

function codeOf(error: unknown): string {
  const code = error instanceof GraphQLError ? error.extensions.code : undefined;
  return (
    expectedFailure(error)?.code ??
    (typeof code === "string" ? code : ApolloServerErrorCode.INTERNAL_SERVER_ERROR)
  );
}
