import type { DocumentNode, ExecutionResult, GraphQLSchema, OperationDefinitionNode } from "graphql";
import { Kind, visit } from "graphql";
import type { Delivery, EventPayload } from "../../events/feed/channel.js";
import type { RequestContext } from "../context.js";

type Result = ExecutionResult | Promise<ExecutionResult>;

/** Executes an operation for one event in a context. */
export type ExecuteEvent<Viewer> = (context: RequestContext<Viewer>) => Result;

interface Entry {
  readonly shared: object;
  readonly cursor: string;
  /** Null when it is for one subscriber alone. */
  result: ExecutionResult | Failed | null | Promise<ExecutionResult | Failed | null>;
}

/** The execution failed for all subscribers that share it, because the result is too large. */
class Failed {
  constructor(readonly fault: unknown) {}
}

/**
 * The results of events for all subscribers with the same operation and variables. The first execution of an event gets
 * a context that records which properties are read. If only `shared` is read, the result cannot depend on the viewer,
 * and all subscribers get it; otherwise the event is executed for each of them.
 */
export class SharedResults<Viewer> {
  readonly #entries = new WeakMap<EventPayload, Entry>();
  /**
   * Once an execution has read the viewer's context, the next ones will too: later events are executed for each
   * subscriber at once.
   */
  #isPersonal = false;

  /** @param base the context of the subscription, from which the context of each event is made */
  of(delivery: Delivery<Viewer>, base: RequestContext<Viewer>, execute: ExecuteEvent<Viewer>): Result {
    if (this.#isPersonal) return execute(contextOf(delivery, base));
    const { event, cursor, shared } = delivery;
    const found = this.#entries.get(event);
    // An event may be delivered again in another batch, with a later state of its objects.
    if (found?.shared !== shared || found.cursor !== cursor)
      return this.#executeFirst(delivery, contextOf(delivery, base), execute);
    const { result } = found;
    const take = (common: ExecutionResult | Failed | null): Result => {
      if (common instanceof Failed) throw common.fault;
      return common ?? execute(contextOf(delivery, base));
    };
    return result instanceof Promise ? result.then(take) : take(result);
  }

  /** Whether another subscriber's result can be used, so that nothing has to be executed; waits until that is known. */
  has({ event, cursor, shared }: Delivery<Viewer>): boolean | Promise<boolean> {
    const found = this.#isPersonal ? undefined : this.#entries.get(event);
    if (found?.shared !== shared || found.cursor !== cursor) return false;
    const { result } = found;
    return result instanceof Promise ? result.then((common) => common !== null) : result !== null;
  }

  #executeFirst(
    { event, cursor, shared }: Delivery<Viewer>,
    context: RequestContext<Viewer>,
    execute: ExecuteEvent<Viewer>,
  ): Result {
    const watch = watched(context);
    const settle = (result: ExecutionResult | Failed): ExecutionResult | Failed | null => {
      this.#isPersonal ||= watch.isRead();
      // Results with errors are not shared: each subscriber gets errors with its own request id.
      const isShared = !this.#isPersonal && (result instanceof Failed || !result.errors);
      entry.result = isShared ? result : null;
      if (isShared && !(result instanceof Failed)) texts.set(result, null);
      return entry.result;
    };
    const entry: Entry = { shared, cursor, result: null };
    this.#entries.set(event, entry);
    try {
      const result = execute(watch.context);
      entry.result =
        result instanceof Promise
          ? result.then(settle, (fault: unknown) => settle(new Failed(fault)))
          : settle(result);
      return result;
    } catch (fault) {
      settle(new Failed(fault));
      throw fault;
    }
  }
}

const contextOf = <Viewer>(
  { viewer, shared }: Delivery<Viewer>,
  base: RequestContext<Viewer>,
): RequestContext<Viewer> => ({ ...base, viewer, shared });

/** The same context, which records whether any property but `shared` is read. */
function watched<Context extends { readonly shared?: object }>(
  context: Context,
): { readonly context: Context; isRead(): boolean } {
  let isRead = false;
  const watching = {};
  for (const name of Object.keys(context) as (keyof Context)[])
    Object.defineProperty(watching, name, {
      enumerable: true,
      get() {
        isRead ||= name !== "shared";
        return context[name];
      },
    });
  return { context: watching as Context, isRead: () => isRead };
}

/** The JSON of shared results, once made. */
const texts = new WeakMap<object, string | null>();

/** A result as JSON, made once for all subscribers that share it. */
export function jsonOf(result: object): string {
  const known = texts.get(result);
  if (known) return known;
  const text = JSON.stringify(result);
  if (known === null) texts.set(result, text);
  return text;
}

/**
 * The variables that an event's result can depend on: all but the arguments of the subscription field itself, which
 * select the topic and are not passed to its resolver.
 */
export function innerVariables(document: DocumentNode, operation: OperationDefinitionNode): string[] {
  const names = new Set<string>();
  const selections = operation.selectionSet.selections.map((selection) =>
    selection.kind === Kind.FIELD ? { ...selection, arguments: [] } : selection,
  );
  const inner = { ...operation, selectionSet: { ...operation.selectionSet, selections } };
  const definitions = document.definitions.map((each) => (each === operation ? inner : each));
  visit(
    { ...document, definitions },
    {
      VariableDefinition: () => false,
      Variable: ({ name }) => void names.add(name.value),
    },
  );
  return [...names];
}

/** Makes the resolvers of subscription fields ignore their arguments, so that results do not depend on them. */
export function executeWithoutArguments(schema: GraphQLSchema): void {
  for (const field of Object.values(schema.getSubscriptionType()?.getFields() ?? {})) {
    const { resolve } = field;
    if (resolve) field.resolve = (root, _args, context, info) => resolve(root, {}, context, info);
  }
}
