import type { ExecutionResult, FormattedExecutionResult } from "graphql";
import { createSourceEventStream, GraphQLError } from "graphql";
import { MIB } from "../../../kernel/bytes.js";
import type { FiledeskError } from "../../../kernel/errors.js";
import { badUserInput } from "../../../kernel/errors.js";
import type { Delivery, SubscribeRequest } from "../../events/feed/channel.js";
import type { RequestContext, SubscriptionContext } from "../context.js";
import { createCoercion, limitVariables } from "../documents/coerce-variables.js";
import { limitCost } from "../documents/cost-limit.js";
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

/** What subscriptions follow: an `EventFeed`. */
export interface SubscribedFeed<Viewer> {
  subscribe(
    viewer: Viewer,
    request: SubscribeRequest,
    signal: AbortSignal,
  ): Promise<AsyncIterable<Delivery<Viewer>>>;
}

export interface SubscriptionOptions<Viewer> extends SubscriptionRules {
  readonly feed: SubscribedFeed<Viewer>;
  readonly maxCost: number;
  /** Bytes of what is told of one event at most, if fewer than `MAX_EVENT_BYTES`. */
  readonly maxAnswerBytes: number;
  readonly log: FailureLog;
  /** Who asks: the same for every connection of the same viewer. */
  callerOf(context: RequestContext<Viewer>): Caller;
}

/** A connection that has more unsent is closed as too slow: one event alone must stay below that. */
export const MAX_EVENT_BYTES = MIB / 2;

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
   * own that is made from this one. It ends by itself only when the server closes, or when an event cannot be made.
   *
   * @throws SubscriptionFailure, and so does the iteration; what is thrown as it is says that the database is away
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
  const coerce = createCoercion(options);
  const execution = createExecution(options, coerce);
  const preparation = createPreparation<Viewer>(options);
  const maxEventBytes = Math.min(options.maxAnswerBytes, MAX_EVENT_BYTES);
  const texts = new DistinctOperations();
  const turns = new DeliveryTurns();
  executeWithoutArguments(schema);

  async function begin(
    request: SubscriptionRequest,
    base: RequestContext<Viewer>,
    signal: AbortSignal,
  ): Promise<AsyncIterable<FormattedExecutionResult>> {
    limitVariables(request.variables);
    const caller = options.callerOf(base);
    const prepared = await preparation.prepare(request, caller);
    const { document, operation } = prepared;
    // An object of this subscription's own: what is coerced from it is remembered by it.
    const variables = { ...request.variables };
    limitCost({ schema, document, operation, variables: coerce(operation, variables) }, options.maxCost);
    const contextValue: SubscriptionContext<Viewer> = {
      ...base,
      subscribe: (asked) => feed.subscribe(base.viewer, asked, signal),
    };
    const source = await createSourceEventStream({
      schema,
      document,
      operationName: operation.name?.value ?? null,
      contextValue,
      variableValues: variables,
    });
    if (!isAsyncIterable(source)) throw new AggregateError(source.errors ?? []);
    // A feed that was asked before the signal aborted may have missed it.
    if (signal.aborted) await source[Symbol.asyncIterator]().return?.();
    const results = resultsOf(preparation.keep(request, prepared), variables);
    const release = await takeOrEnd(source, () => texts.take(caller.key, results));
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
      isMade: (delivery) => results.has(delivery),
      reported,
      signal,
      turns,
      release,
      failed: (error) => (signal.aborted ? null : failureFrom(error, log, base.requestId)),
    });
  }

  return {
    open: (request, base, signal) =>
      begin(request, base, signal).catch((error: unknown) => {
        // It is no refusal: clients try again.
        throw interruptionIn(error) ?? failureFrom(error, log, base.requestId);
      }),
  };
}

interface Delivering<Viewer> {
  make(delivery: Delivery<Viewer>): ExecutionResult | Promise<ExecutionResult>;
  /** Whether somebody else has it made. */
  isMade(delivery: Delivery<Viewer>): boolean | Promise<boolean>;
  reported(result: ExecutionResult): FormattedExecutionResult;
  readonly signal: AbortSignal;
  readonly turns: DeliveryTurns;
  /** Called when the subscription ends, maybe more than once. */
  release(): void;
  /** What a fault is told as; null for one that does not matter any more. */
  failed(error: unknown): SubscriptionFailure | null;
}

/**
 * One event after the other: the next is asked for when whoever reads has dealt with this one. An iterator by hand, since
 * a generator takes thrice as many promises for each event. None is passed over: what cannot be made is made again, or
 * ends the subscription, without an error, so that the client resumes behind what it has.
 */
function deliver<Viewer>(
  source: AsyncIterable<Delivery<Viewer>>,
  { make, isMade, reported, signal, turns, release, failed }: Delivering<Viewer>,
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
        const known = isMade(delivery.value);
        const turn = turns.take(known instanceof Promise ? await known : known);
        if (turn) await turn;
        const making = signal.aborted ? null : make(delivery.value);
        const made = making instanceof Promise ? await making : making;
        const whole = made && isInterrupted(made) ? await retryEvent(delivery.value, make, signal) : made;
        if (making instanceof Promise) await turns.take(await isMade(delivery.value));
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

/** Takes a place for what is followed; when there is none, it is not followed any more. */
async function takeOrEnd(source: AsyncIterable<unknown>, take: () => () => void): Promise<() => void> {
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
