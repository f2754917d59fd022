import { ApolloServerErrorCode } from "@apollo/server/errors";
import type {
  DocumentNode,
  ExecutionResult,
  FormattedExecutionResult,
  GraphQLSchema,
  OperationDefinitionNode,
  ValidationRule,
} from "graphql";
import {
  createSourceEventStream,
  GraphQLError,
  getOperationAST,
  NoSchemaIntrospectionCustomRule,
  OperationTypeNode,
  parse,
  specifiedRules,
  validate,
} from "graphql";
import type { FiledeskError } from "../../kernel/errors.js";
import { badUserInput } from "../../kernel/errors.js";
import type { Delivery, FollowRequest } from "../events/channel.js";
import { createExecution } from "./compiled-execution.js";
import type { RequestContext, SubscriptionContext } from "./context.js";
import type { FailureLog } from "./error-format.js";
import { expectedFailure, isRefusalByGraphQL, reportErrors } from "./error-format.js";
import { createCostLimit, depthLimit, MAX_TOKENS } from "./query-limits.js";

/** What subscriptions follow: an `EventFeed`. */
export interface FollowedFeed<Viewer> {
  follow(
    viewer: Viewer,
    request: FollowRequest,
    signal: AbortSignal,
  ): Promise<AsyncIterable<Delivery<Viewer>>>;
}

interface SubscriptionRules {
  readonly schema: GraphQLSchema;
  readonly introspection: boolean;
  readonly maxDepth: number;
}

export interface SubscriptionOptions<Viewer> extends SubscriptionRules {
  readonly feed: FollowedFeed<Viewer>;
  readonly maxCost: number;
  readonly log: FailureLog;
}

/** A GraphQL request, as it came. */
export interface SubscriptionRequest {
  readonly query: string;
  readonly operationName?: string | null | undefined;
  readonly variables?: Readonly<Record<string, unknown>> | null | undefined;
}

/** A subscription that is refused, or that has ended by a failure. */
export class SubscriptionFailure extends Error {
  override readonly name = "SubscriptionFailure";
  constructor(
    /** As clients are told, with nothing that is not for them. */
    readonly errors: FormattedExecutionResult["errors"] & object,
    /** The same for who answers without GraphQL; null for what is masked. */
    readonly failure: FiledeskError | null,
  ) {
    super(errors[0]?.message);
  }
}

export interface Subscriptions<Viewer> {
  /**
   * Begins a subscription, which lasts until the signal aborts. Every event is executed by itself, in a context of its
   * own that is made from this one. It ends by itself only when the server closes.
   *
   * @throws SubscriptionFailure, and so does the iteration
   */
  open(
    request: SubscriptionRequest,
    context: RequestContext<Viewer>,
    signal: AbortSignal,
  ): Promise<AsyncIterable<FormattedExecutionResult>>;
}

/** Executes subscriptions, whichever way they come in. */
export function createSubscriptions<Viewer>(options: SubscriptionOptions<Viewer>): Subscriptions<Viewer> {
  const { schema, feed, log } = options;
  const execution = createExecution(schema);
  const checkCost = createCostLimit(options.maxCost);
  const prepare = createPreparation(options);

  async function begin(
    request: SubscriptionRequest,
    base: RequestContext<Viewer>,
    signal: AbortSignal,
  ): Promise<AsyncIterable<FormattedExecutionResult>> {
    const { document, operation } = prepare(request);
    // An object of this subscription's own: what is coerced from it is remembered by it.
    const variables = { ...request.variables };
    const operationName = operation.name?.value ?? null;
    checkCost({ schema, document, operationName, variables });
    const contextValue: SubscriptionContext<Viewer> = {
      ...base,
      follow: (asked) => feed.follow(base.viewer, asked, signal),
    };
    const source = await createSourceEventStream({
      schema,
      document,
      operationName,
      contextValue,
      variableValues: variables,
    });
    if (!isAsyncIterable(source)) throw new AggregateError(source.errors ?? []);
    // A feed that was asked before the signal aborted may have missed it.
    if (signal.aborted) await source[Symbol.asyncIterator]().return?.();
    const reported = ({ data = null, errors }: ExecutionResult): FormattedExecutionResult =>
      errors ? { data, errors: reportErrors(errors, { log, ...base }) } : { data };
    return deliver(source as AsyncIterable<Delivery<Viewer>>, {
      tell: async (delivery) => {
        const context = { ...base, viewer: delivery.viewer, shared: delivery.shared };
        return reported(await execution({ document, operation, context, variables, root: delivery }));
      },
      failed: (error) => (signal.aborted ? null : failureFrom(error, log, base.requestId)),
    });
  }

  return {
    open: (request, base, signal) =>
      begin(request, base, signal).catch((error: unknown) => {
        throw failureFrom(error, log, base.requestId);
      }),
  };
}

interface Delivering<Viewer> {
  tell(delivery: Delivery<Viewer>): Promise<FormattedExecutionResult>;
  /** What a fault is told as; null for one that does not matter any more. */
  failed(error: unknown): SubscriptionFailure | null;
}

/**
 * One event after the other: the next is asked for when whoever reads has dealt with this one. An iterator by hand, since
 * a generator takes thrice as many promises for each event.
 */
function deliver<Viewer>(
  source: AsyncIterable<Delivery<Viewer>>,
  { tell, failed }: Delivering<Viewer>,
): AsyncIterableIterator<FormattedExecutionResult> {
  const deliveries = source[Symbol.asyncIterator]();
  const end = { done: true, value: undefined } as const;
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      try {
        const delivery = await deliveries.next();
        return delivery.done ? end : { done: false, value: await tell(delivery.value) };
      } catch (error) {
        const failure = failed(error);
        if (failure) throw failure;
        return end;
      }
    },
    async return() {
      await deliveries.return?.();
      return end;
    },
  };
}

const isAsyncIterable = (value: object): value is AsyncIterable<unknown> => Symbol.asyncIterator in value;

function failureFrom(error: unknown, log: FailureLog, requestId: string): SubscriptionFailure {
  const errors = error instanceof AggregateError ? error.errors : [error];
  const located = errors.map((each) =>
    each instanceof GraphQLError ? each : new GraphQLError(String(each), { originalError: each as Error }),
  );
  const formatted = reportErrors(located, { log, requestId });
  const [first] = located;
  const refusal = isRefusalByGraphQL(first) ? badUserInput(first?.message ?? "") : null;
  return new SubscriptionFailure(formatted, expectedFailure(first) ?? refusal);
}

interface Prepared {
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
}

/** Documents that are kept, parsed and validated, and with them what is compiled. */
const KEPT_DOCUMENTS = 500;

/** Parses and validates an operation once for all who subscribe with the same text. */
function createPreparation(rules: SubscriptionRules) {
  const kept = new Map<string, Prepared>();
  return (request: SubscriptionRequest): Prepared => {
    const key = `${request.operationName ?? ""} ${request.query}`;
    const prepared = kept.get(key) ?? prepareAnew(rules, request);
    // The one that was used longest ago is the first to go.
    kept.delete(key);
    kept.set(key, prepared);
    if (kept.size > KEPT_DOCUMENTS) kept.delete(kept.keys().next().value ?? "");
    return prepared;
  };
}

function prepareAnew(
  { schema, introspection, maxDepth }: SubscriptionRules,
  { query, operationName }: SubscriptionRequest,
): Prepared {
  const document = parsed(query);
  const operation = getOperationAST(document, operationName);
  if (!operation) throw coded(UNKNOWN_OPERATION, ApolloServerErrorCode.OPERATION_RESOLUTION_FAILURE);
  if (operation.operation !== OperationTypeNode.SUBSCRIPTION) throw badUserInput(SUBSCRIPTIONS_ALONE);
  const rules: ValidationRule[] = [...specifiedRules, depthLimit(maxDepth)];
  if (!introspection) rules.push(NoSchemaIntrospectionCustomRule);
  const errors = validate(schema, document, rules);
  if (errors.length > 0) throw new AggregateError(errors.map((error) => asInvalid(error, introspection)));
  return { document, operation };
}

const UNKNOWN_OPERATION = "Say by `operationName` which of the document's operations is meant.";
const SUBSCRIPTIONS_ALONE =
  "Only subscriptions are taken here: send queries and mutations over HTTP, as a POST to the same URL.";

function parsed(query: string): DocumentNode {
  try {
    return parse(query, { maxTokens: MAX_TOKENS });
  } catch (error) {
    throw error instanceof GraphQLError
      ? withCode(error, error.message, ApolloServerErrorCode.GRAPHQL_PARSE_FAILED)
      : error;
  }
}

/** Without introspection, names of the schema are not suggested either. */
function asInvalid(error: GraphQLError, introspection: boolean): GraphQLError {
  if (error.originalError) return error;
  const message = introspection ? error.message : error.message.replace(/ ?Did you mean .+\?$/s, "");
  return withCode(error, message, ApolloServerErrorCode.GRAPHQL_VALIDATION_FAILED);
}

const withCode = ({ nodes, source, positions }: GraphQLError, message: string, code: string): GraphQLError =>
  new GraphQLError(message, {
    nodes: nodes ?? null,
    source: source ?? null,
    positions: positions ?? null,
    extensions: { code },
  });

const coded = (message: string, code: string) => new GraphQLError(message, { extensions: { code } });
