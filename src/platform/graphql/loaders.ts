import DataLoader from "dataloader";
import { inListSlots } from "./read-slots.js";

type Batch<Key, Value> = (keys: readonly Key[]) => Promise<readonly Value[]>;

type Loader<Key, Value> = DataLoader<Key, Value, unknown>;

interface KeyOptions<Key> {
  /** The cache key of a key that is an object. */
  readonly nameOf: (key: Key) => string;
}

/** The cache keys of requests that have changed something; for others it is the context itself. */
const cacheKeys = new WeakMap<object, object>();

const cacheKeyOf = (context: object): object => cacheKeys.get(context) ?? context;

/** Clears the loaders of a request before it changes something. */
export const forgetLoaded = (context: object): void => {
  cacheKeys.set(context, {});
};

/**
 * A loader that batches and caches within one request: all `load(key)` calls of a tick become one call of `batch`,
 * which returns the values in the order of the keys.
 */
export function perRequest<Context extends object, Key, Value>(
  batch: (context: Context, keys: readonly Key[]) => Promise<readonly Value[]>,
  options?: KeyOptions<Key>,
): (context: Context) => Loader<Key, Value> {
  const loaders = new WeakMap<object, Loader<Key, Value>>();
  return (context) => {
    const cacheKey = cacheKeyOf(context);
    let loader = loaders.get(cacheKey);
    if (!loader) {
      loader = newLoader((keys) => batch(context, keys), options);
      loaders.set(cacheKey, loader);
    }
    return loader;
  };
}

/**
 * As `perRequest`, for data that does not depend on the viewer: it is loaded once for all subscribers of an event
 * batch.
 */
export function perEventBatch<Context extends { readonly shared?: object }, Key, Value>(
  batch: (keys: readonly Key[]) => Promise<readonly Value[]>,
  options?: KeyOptions<Key>,
): (context: Context) => Loader<Key, Value> {
  const loader = perRequest<object, Key, Value>((_shared, keys) => batch(keys), options);
  return (context) => loader(context.shared ?? context);
}

/**
 * As `perRequest`, with one loader for each set of arguments: for nested lists, whose page is the same for every
 * parent. Aliases can multiply them, so they run in slots; `batch` must not wait for another such loader.
 */
export function perRequestAndArguments<Context extends object, Args, Key, Value>(
  batch: (context: Context, args: Args, keys: readonly Key[]) => Promise<readonly Value[]>,
  options?: KeyOptions<Key>,
): (context: Context, args: Args) => Loader<Key, Value> {
  const loaders = new WeakMap<object, Map<string, Loader<Key, Value>>>();
  return (context, args) => {
    const cacheKey = cacheKeyOf(context);
    const remembered = loaders.get(cacheKey) ?? new Map<string, Loader<Key, Value>>();
    loaders.set(cacheKey, remembered);
    const name = JSON.stringify(args);
    const loader = remembered.get(name) ?? newLoader(batchOf(context, args, batch), options);
    remembered.set(name, loader);
    return loader;
  };
}

/**
 * As `perEventBatch`, with one loader for each set of arguments. @param batch gets the object that the event batch
 * shares
 */
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

/** Returns the rows in the order of the requested keys; null for keys without a row. */
export function inOrderOf<Key, Row>(
  keys: readonly Key[],
  rows: readonly Row[],
  keyOf: (row: Row) => Key,
): (Row | null)[] {
  const byKey = new Map(rows.map((row) => [keyOf(row), row]));
  return keys.map((key) => byKey.get(key) ?? null);
}
