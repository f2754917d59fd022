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

/** There is no result, for none of those who would share it: it was too large. */
class Failed {
  constructor(readonly fault: unknown) {}
}

/**
 * What is told of events to those who subscribe with one operation and the same variables. The first who is told of an
 * event is given a context that notices what is read of it. When nothing was, but for what all of them share, the result
 * cannot depend on who asks, and the others are given the same; otherwise each event is executed for each of them.
 */
export class SharedResults<Viewer> {
  readonly #entries = new WeakMap<EventPayload, Entry>();
  /** Once something of a subscriber's own has been read, it will be again: nobody waits any more to find out. */
  #isPersonal = false;

  /** @param base what the context of every event of this subscriber is made from */
  of(delivery: Delivery<Viewer>, base: RequestContext<Viewer>, tell: ExecuteEvent<Viewer>): Result {
    if (this.#isPersonal) return tell(contextOf(delivery, base));
    const { event, cursor, shared } = delivery;
    const found = this.#entries.get(event);
    // The same may be told once more, in another round and as it is by then.
    if (found?.shared !== shared || found.cursor !== cursor)
      return this.#executeFirst(delivery, contextOf(delivery, base), tell);
    const { result } = found;
    const take = (common: ExecutionResult | Failed | null): Result => {
      if (common instanceof Failed) throw common.fault;
      return common ?? tell(contextOf(delivery, base));
    };
    return result instanceof Promise ? result.then(take) : take(result);
  }

  /** Whether somebody else's result will be given, so that nothing has to be executed; waits until that is known. */
  has({ event, cursor, shared }: Delivery<Viewer>): boolean | Promise<boolean> {
    const found = this.#isPersonal ? undefined : this.#entries.get(event);
    if (found?.shared !== shared || found.cursor !== cursor) return false;
    const { result } = found;
    return result instanceof Promise ? result.then((common) => common !== null) : result !== null;
  }

  #executeFirst(
    { event, cursor, shared }: Delivery<Viewer>,
    context: RequestContext<Viewer>,
    tell: ExecuteEvent<Viewer>,
  ): Result {
    const watch = watched(context);
    const settle = (told: ExecutionResult | Failed): ExecutionResult | Failed | null => {
      this.#isPersonal ||= watch.isRead();
      // A failure within it is reported to each of them, under the number of their own request.
      const isShared = !this.#isPersonal && (told instanceof Failed || !told.errors);
      entry.result = isShared ? told : null;
      if (isShared && !(told instanceof Failed)) texts.set(told, null);
      return entry.result;
    };
    const entry: Entry = { shared, cursor, result: null };
    this.#entries.set(event, entry);
    try {
      const result = tell(watch.context);
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

/** The same context, which notices when anything is read of it that is not shared. */
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

/** The JSON of results that are shared, once it has been made. */
const texts = new WeakMap<object, string | null>();

/** A result as JSON, which is made once for all who share it. */
export function jsonOf(result: object): string {
  const known = texts.get(result);
  if (known) return known;
  const text = JSON.stringify(result);
  if (known === null) texts.set(result, text);
  return text;
}

/**
 * Which variables an event's result can depend on: all but those that are arguments of the subscription itself, which
 * say what is followed, and are not given to its resolver.
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

/** Sees to it that what is told of an event does not depend on a subscription's arguments. */
export function executeWithoutArguments(schema: GraphQLSchema): void {
  for (const field of Object.values(schema.getSubscriptionType()?.getFields() ?? {})) {
    const { resolve } = field;
    if (resolve) field.resolve = (told, _args, context, info) => resolve(told, {}, context, info);
  }
}
