import DataLoader from "dataloader";
import { inListSlots } from "./read-slots.js";

type Batch<Key, Value> = (keys: readonly Key[]) => Promise<readonly Value[]>;

type Loader<Key, Value> = DataLoader<Key, Value, unknown>;

interface KeyOptions<Key> {
  /** What tells two keys apart that are objects. */
  readonly nameOf: (key: Key) => string;
}

/** By what the loaders of a request that has changed something remember; those of others do so by the request. */
const memories = new WeakMap<object, object>();

const memoryOf = (context: object): object => memories.get(context) ?? context;

/** Lets the loaders of a request forget what they have read, because it is about to change something. */
export const forgetLoaded = (context: object): void => {
  memories.set(context, {});
};

/**
 * A loader that batches and remembers within one request: all the `load(key)` calls of a tick become one
 * call of `batch`, whose values stand in the order of the keys.
 */
export function perRequest<Context extends object, Key, Value>(
  batch: (context: Context, keys: readonly Key[]) => Promise<readonly Value[]>,
  options?: KeyOptions<Key>,
): (context: Context) => Loader<Key, Value> {
  const loaders = new WeakMap<object, Loader<Key, Value>>();
  return (context) => {
    const memory = memoryOf(context);
    let loader = loaders.get(memory);
    if (!loader) {
      loader = newLoader((keys) => batch(context, keys), options);
      loaders.set(memory, loader);
    }
    return loader;
  };
}

/**
 * As `perRequest`, for what does not depend on who asks: subscribers who are told of one event at once look it up
 * together.
 */
export function perEventBatch<Context extends { readonly shared?: object }, Key, Value>(
  batch: (keys: readonly Key[]) => Promise<readonly Value[]>,
  options?: KeyOptions<Key>,
): (context: Context) => Loader<Key, Value> {
  const loader = perRequest<object, Key, Value>((_round, keys) => batch(keys), options);
  return (context) => loader(context.shared ?? context);
}

/**
 * As `perRequest`, with one loader for each set of arguments: for nested lists, whose page every parent shares. Aliases can
 * multiply them, so they take turns: `batch` waits for no other such loader.
 */
export function perRequestAndArguments<Context extends object, Args, Key, Value>(
  batch: (context: Context, args: Args, keys: readonly Key[]) => Promise<readonly Value[]>,
  options?: KeyOptions<Key>,
): (context: Context, args: Args) => Loader<Key, Value> {
  const loaders = new WeakMap<object, Map<string, Loader<Key, Value>>>();
  return (context, args) => {
    const memory = memoryOf(context);
    const remembered = loaders.get(memory) ?? new Map<string, Loader<Key, Value>>();
    loaders.set(memory, remembered);
    const name = JSON.stringify(args);
    const loader = remembered.get(name) ?? newLoader(batchOf(context, args, batch), options);
    remembered.set(name, loader);
    return loader;
  };
}

/** As `perRound`, with one loader for each set of arguments. @param batch is given what the round has in common */
export function perEventBatchAndArguments<Context extends { readonly shared?: object }, Args, Key, Value>(
  batch: (group: object, args: Args, keys: readonly Key[]) => Promise<readonly Value[]>,
  options?: KeyOptions<Key>,
): (context: Context, args: Args) => Loader<Key, Value> {
  const loader = perRequestAndArguments<object, Args, Key, Value>(batch, options);
  return (context, args) => loader(context.shared ?? context, args);
}

const newLoader = <Key, Value>(batch: Batch<Key, Value>, options?: KeyOptions<Key>): Loader<Key, Value> =>
  new DataLoader<Key, Value, unknown>(batch, options && { cacheKeyFn: options.nameOf });

const batchOf =
  <Context extends object, Args, Key, Value>(
    context: Context,
    args: Args,
    batch: (context: Context, args: Args, keys: readonly Key[]) => Promise<readonly Value[]>,
  ): Batch<Key, Value> =>
  (keys) =>
    inListSlots(context, () => batch(context, args, keys));

/** Puts rows into the order of the keys that were asked for; null where there is none. */
export function inOrderOf<Key, Row>(
  keys: readonly Key[],
  rows: readonly Row[],
  keyOf: (row: Row) => Key,
): (Row | null)[] {
  const byKey = new Map(rows.map((row) => [keyOf(row), row]));
  return keys.map((key) => byKey.get(key) ?? null);
}
