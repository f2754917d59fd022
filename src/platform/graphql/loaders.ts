import DataLoader from "dataloader";

type Batch<Key, Value> = (keys: readonly Key[]) => Promise<readonly Value[]>;

/**
 * A loader that batches and remembers within one request: all the `load(key)` calls of a tick become one
 * call of `batch`, whose values stand in the order of the keys.
 */
export function perRequest<Context extends object, Key, Value>(
  batch: (context: Context, keys: readonly Key[]) => Promise<readonly Value[]>,
): (context: Context) => DataLoader<Key, Value> {
  const loaders = new WeakMap<Context, DataLoader<Key, Value>>();
  return (context) => {
    let loader = loaders.get(context);
    if (!loader) {
      loader = new DataLoader<Key, Value>((keys) => batch(context, keys));
      loaders.set(context, loader);
    }
    return loader;
  };
}

/**
 * As `perRequest`, for what does not depend on who asks: subscribers who are told of one event at once look it up
 * together.
 */
export function perRound<Context extends { readonly shared?: object }, Key, Value>(
  batch: (keys: readonly Key[]) => Promise<readonly Value[]>,
): (context: Context) => DataLoader<Key, Value> {
  const loader = perRequest<object, Key, Value>((_context, keys) => batch(keys));
  return (context) => loader(context.shared ?? context);
}

/** As `perRequest`, with one loader for each set of arguments: for nested lists, whose page every parent shares. */
export function perRequestAndArguments<Context extends object, Args, Key, Value>(
  batch: (context: Context, args: Args, keys: readonly Key[]) => Promise<readonly Value[]>,
): (context: Context, args: Args) => DataLoader<Key, Value> {
  const loaders = new WeakMap<Context, Map<string, DataLoader<Key, Value>>>();
  return (context, args) => {
    const ofContext = loaders.get(context) ?? new Map<string, DataLoader<Key, Value>>();
    loaders.set(context, ofContext);
    const name = JSON.stringify(args);
    const loader = ofContext.get(name) ?? new DataLoader<Key, Value>(batchOf(context, args, batch));
    ofContext.set(name, loader);
    return loader;
  };
}

const batchOf =
  <Context, Args, Key, Value>(
    context: Context,
    args: Args,
    batch: (context: Context, args: Args, keys: readonly Key[]) => Promise<readonly Value[]>,
  ): Batch<Key, Value> =>
  (keys) =>
    batch(context, args, keys);

/** Puts rows into the order of the keys that were asked for; null where there is none. */
export function inOrderOf<Key, Row>(
  keys: readonly Key[],
  rows: readonly Row[],
  keyOf: (row: Row) => Key,
): (Row | null)[] {
  const byKey = new Map(rows.map((row) => [keyOf(row), row]));
  return keys.map((key) => byKey.get(key) ?? null);
}
