import type { ExecutionResult, FormattedExecutionResult } from "graphql";
import { createSourceEventStream, GraphQLError } from "graphql";
import { MIB } from "../../../kernel/bytes.js";
import type { FiledeskError } from "../../../kernel/errors.js";
import { badUserInput } from "../../../kernel/errors.js";
import type { Delivery, SubscribeRequest } from "../../events/feed/channel.js";
import type { RequestContext, SubscriptionContext } from "../context.js";
import { createCoercion, limitVariables } from "../documents/coerce-variables.js";
import { limitCost } from "../documents/cost-limit.js";
import type { FindOperation, NamedOperationRequest } from "../documents/persisted-operations.js";
import { findText } from "../documents/persisted-operations.js";
import type { Caller } from "../documents/preparation-turns.js";
import type { FailureLog } from "../error-format.js";
import { expectedFailure, isRefusalByGraphQL, reportErrors } from "../error-format.js";
import { answerTooLarge, fitsInBytes } from "../execution/answer-size.js";
import { createExecution } from "../execution/compiled-execution.js";
import { DeliveryTurns } from "./delivery-turns.js";
import { DistinctOperations } from "./distinct-operations.js";
import type { SubscriptionRequest, SubscriptionRules } from "./prepare-subscription.js";
import { createPreparation, resultsOf } from "./prepare-subscription.js";
import { interruptionIn, isInterrupted, retryEvent } from "./retry-event.js";
import { executeWithoutArguments } from "./shared-results.js";
import { SubscriptionStarts } from "./subscription-starts.js";

/** The feed that subscriptions read: an `EventFeed`. */
export interface SubscribedFeed<Viewer> {
  subscribe(
    viewer: Viewer,
    request: SubscribeRequest,
    signal: AbortSignal,
  ): Promise<AsyncIterable<Delivery<Viewer>>>;
}

/** A subscription as a client sends it: with its text, its id, or both. */
export interface ReceivedSubscription extends NamedOperationRequest, Omit<SubscriptionRequest, "query"> {}

export interface SubscriptionOptions<Viewer> extends SubscriptionRules {
  readonly feed: SubscribedFeed<Viewer>;
  readonly maxCost: number;
  /** Finds the subscriptions that may be started; null if all may. */
  readonly findOperation: FindOperation | null;
  /** How many subscriptions a caller may start in a minute. */
  readonly startsPerMinute: number;
  /** Maximum bytes of the result of one event, if fewer than `MAX_EVENT_BYTES`. */
  readonly maxAnswerBytes: number;
  readonly log: FailureLog;
  /** The caller of a request: the same for every connection of the same viewer. */
  callerOf(context: RequestContext<Viewer>): Caller;
}

/** A connection with more unsent bytes is closed as too slow, so a single event must stay below that. */
export const MAX_EVENT_BYTES = MIB / 2;

/** A subscription that was refused or has ended with an error. */
export class SubscriptionFailure extends Error {
  override readonly name = "SubscriptionFailure";
  constructor(
    /** The errors as clients may read them. */
    readonly errors: FormattedExecutionResult["errors"] & object,
    /** The same error for endpoints outside of GraphQL; null if it is masked. */
    readonly failure: FiledeskError | null,
  ) {
    super(errors[0]?.message);
  }
}

export interface Subscriptions<Viewer> {
  /**
   * Starts a subscription, which lasts until the signal aborts. Every event is executed separately, in a context that
   * is derived from this one. It ends by itself only if the server closes or an event cannot be executed.
   *
   * @throws SubscriptionFailure, as does the iteration; any other error means that the database is unavailable
   */
  open(
    request: ReceivedSubscription,
    context: RequestContext<Viewer>,
    signal: AbortSignal,
  ): Promise<AsyncIterable<FormattedExecutionResult>>;
  /** The same with a text of this server, which is in no list of a client. */
  openOwn(
    request: SubscriptionRequest,
    context: RequestContext<Viewer>,
    signal: AbortSignal,
  ): Promise<AsyncIterable<FormattedExecutionResult>>;
}

/** Executes subscriptions, whatever their transport. */
export function createSubscriptions<Viewer>(options: SubscriptionOptions<Viewer>): Subscriptions<Viewer> {
  const { schema, feed, log } = options;
  const coerce = createCoercion(options);
  const execution = createExecution(options, coerce);
  const preparation = createPreparation<Viewer>(options);
  const maxEventBytes = Math.min(options.maxAnswerBytes, MAX_EVENT_BYTES);
  const distinctOperations = new DistinctOperations();
  const starts = new SubscriptionStarts(options.startsPerMinute);
  const turns = new DeliveryTurns();
  executeWithoutArguments(schema);

  async function begin(
    request: SubscriptionRequest,
    base: RequestContext<Viewer>,
    signal: AbortSignal,
  ): Promise<AsyncIterable<FormattedExecutionResult>> {
    const caller = options.callerOf(base);
    starts.count(caller.key);
    limitVariables(request.variables);
    const prepared = await preparation.prepare(request, caller);
    const { document, operation } = prepared;
    // A copy for this subscription: coerced variables are cached by the identity of this object.
    const variables = { ...request.variables };
    limitCost({ schema, document, operation, variables: coerce(operation, variables) }, options.maxCost);
    const contextValue: SubscriptionContext<Viewer> = {
      ...base,
      subscribe: (topic) => feed.subscribe(base.viewer, topic, signal),
    };
    const source = await createSourceEventStream({
      schema,
      document,
      operationName: operation.name?.value ?? null,
      contextValue,
      variableValues: variables,
    });
    if (!isAsyncIterable(source)) throw new AggregateError(source.errors ?? []);
    // If the signal aborted while the feed was subscribing, the feed may have missed it.
    if (signal.aborted) await source[Symbol.asyncIterator]().return?.();
    const results = resultsOf(preparation.keep(request, prepared), variables);
    const release = await takeOrUnsubscribe(source, () => distinctOperations.take(caller.key, results));
    const bounded = (result: ExecutionResult): ExecutionResult => {
      if (fitsInBytes(result, maxEventBytes)) return result;
      log.warn(
        { reqId: base.requestId, operationName: operation.name?.value, maxEventBytes },
        "an event was too large",
      );
      throw answerTooLarge(maxEventBytes);
    };
    const reported = (result: ExecutionResult): FormattedExecutionResult =>
      result.errors
        ? { data: result.data ?? null, errors: reportErrors(result.errors, { log, ...base }) }
        : (result as FormattedExecutionResult);
    return deliver(source as AsyncIterable<Delivery<Viewer>>, {
      make: (delivery) =>
        results.of(delivery, base, (context) => {
          const root = { cursor: delivery.cursor, event: delivery.event };
          const result = execution({ document, operation, context, variables, root });
          return result instanceof Promise ? result.then(bounded) : bounded(result);
        }),
      hasResult: (delivery) => results.has(delivery),
      reported,
      signal,
      turns,
      release,
      failed: (error) => (signal.aborted ? null : failureFrom(error, log, base.requestId)),
    });
  }

  const openOwn: Subscriptions<Viewer>["openOwn"] = (request, base, signal) =>
    begin(request, base, signal).catch((error: unknown) => {
      // An unavailable database is not a refusal: clients retry.
      throw interruptionIn(error) ?? failureFrom(error, log, base.requestId);
    });
  return { openOwn, open: openReceived(openOwn, options) };
}

/** Finds the text of what a client has sent, before it is opened. */
function openReceived<Viewer>(
  openOwn: Subscriptions<Viewer>["openOwn"],
  { findOperation, log }: SubscriptionOptions<Viewer>,
): Subscriptions<Viewer>["open"] {
  const find = findOperation ?? findText;
  const requestIn = (received: ReceivedSubscription, requestId: string): SubscriptionRequest => {
    try {
      const query = find(received);
      if (query === undefined) throw badUserInput(NOT_A_SUBSCRIPTION);
      return { ...received, query };
    } catch (error) {
      throw failureFrom(error, log, requestId);
    }
  };
  return async (received, base, signal) => openOwn(requestIn(received, base.requestId), base, signal);
}

export const NOT_A_SUBSCRIPTION =
  "Send a subscription as JSON: `query`, or the id of a persisted operation, and where they are needed `variables` (an object) and `operationName`.";

interface Delivering<Viewer> {
  make(delivery: Delivery<Viewer>): ExecutionResult | Promise<ExecutionResult>;
  /** Whether another subscriber's result can be used. */
  hasResult(delivery: Delivery<Viewer>): boolean | Promise<boolean>;
  reported(result: ExecutionResult): FormattedExecutionResult;
  readonly signal: AbortSignal;
  readonly turns: DeliveryTurns;
  /** Called when the subscription ends, possibly more than once. */
  release(): void;
  /** The failure that a fault is reported as; null if the subscription has already ended. */
  failed(error: unknown): SubscriptionFailure | null;
}

/**
 * Delivers one event after the other; the next is requested when the consumer has handled the current one
 * (back-pressure). A handwritten iterator, because a generator creates three times as many promises per event. No event
 * is skipped: an execution that fails because of the database is retried, or ends the subscription without an error, so
 * that the client resumes after its last event.
 */
function deliver<Viewer>(
  source: AsyncIterable<Delivery<Viewer>>,
  { make, hasResult, reported, signal, turns, release, failed }: Delivering<Viewer>,
): AsyncIterableIterator<FormattedExecutionResult> {
  const deliveries = source[Symbol.asyncIterator]();
  const end = { done: true, value: undefined } as const;
  const ended = () => {
    release();
    return end;
  };
  signal.addEventListener("abort", release, { once: true });
  if (signal.aborted) release();
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      try {
        const delivery = await deliveries.next();
        if (delivery.done) return ended();
        const known = hasResult(delivery.value);
        const turn = turns.take(known instanceof Promise ? await known : known);
        if (turn) await turn;
        const making = signal.aborted ? null : make(delivery.value);
        const made = making instanceof Promise ? await making : making;
        const whole = made && isInterrupted(made) ? await retryEvent(delivery.value, make, signal) : made;
        if (making instanceof Promise) await turns.take(await hasResult(delivery.value));
        if (whole && !signal.aborted) return { done: false, value: reported(whole) };
        await deliveries.return?.();
        return ended();
      } catch (error) {
        release();
        const failure = failed(error);
        if (failure) throw failure;
        return end;
      }
    },
    async return() {
      release();
      await deliveries.return?.();
      return end;
    },
  };
}

/** Counts a subscription; if the limit is reached, unsubscribes from the source again. */
async function takeOrUnsubscribe(
  source: AsyncIterable<unknown>,
  take: () => () => void,
): Promise<() => void> {
  try {
    return take();
  } catch (refusal) {
    await source[Symbol.asyncIterator]().return?.();
    throw refusal;
  }
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
