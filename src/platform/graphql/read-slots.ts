import type { GraphQLSchema } from "graphql";
import { FiledeskError } from "../../kernel/errors.js";
import type { FairSlots } from "../../kernel/fair-slots.js";
import { createFairSlots } from "../../kernel/fair-slots.js";
import { slowStatement } from "../http/errors/slow-statement.js";

/** How one request's reads get their turns at the database. */
export interface ReadSlots {
  /**
   * Reads when it is this request's turn: at once as a rule.
   *
   * @throws QUERY_TOO_COMPLEX when the request reads too often, SERVICE_UNAVAILABLE when its turn does not come in time,
   * TIMED_OUT when a read of this request before it took too long
   */
  run<Value>(read: () => Value | Promise<Value>): Value | Promise<Value>;
}

/**
 * The two kinds of reads that a document can multiply. Each has slots of its own: a field at the top may wait for nested
 * lists, and would wait for ever if it held what they need. A nested list waits for nothing else.
 */
export interface RequestSlots {
  /** Of fields at the top, and the counts of their lists. */
  readonly fields: ReadSlots;
  /** Of nested lists, one for each set of arguments. */
  readonly lists: ReadSlots;
  /** Of mutations without files: one that waits for a lock holds a connection. */
  readonly mutations: ReadSlots;
}

export interface ReadAdmission {
  /** @param share whose share the request's reads are counted in: a tenant's, or somebody's without one */
  forRequest(share: string): RequestSlots;
}

/** Reads of either kind in one request at most. */
const MAX_READS = 200;
/** How long a read may wait for its turn. */
const MAX_WAIT_MS = 15_000;
const RETRY_AFTER_SECONDS = 5;

/** Shares of the pool that reads of one kind, or mutations, may hold. */
const OF_A_TENANT = 0.4;
const OF_A_REQUEST = 0.2;
const OF_ALL = 0.8;

/**
 * Divides a pool of connections among tenants, and among the requests of one: whatever one of them asks for, another's
 * list finds a connection.
 */
export function createReadAdmission(connections: number): ReadAdmission {
  const part = (share: number) => Math.max(1, Math.floor(connections * share));
  const slots = () => createFairSlots({ total: part(OF_ALL), perKey: part(OF_A_TENANT) });
  const [fields, lists, mutations] = [slots(), slots(), slots()];
  const perRequest = part(OF_A_REQUEST);
  return {
    forRequest: (share) => ({
      fields: new SlotsOfRequest(fields, share, perRequest),
      lists: new SlotsOfRequest(lists, share, perRequest),
      mutations: new SlotsOfRequest(mutations, share, perRequest),
    }),
  };
}

class SlotsOfRequest implements ReadSlots {
  readonly #slots: FairSlots;
  readonly #share: string;
  readonly #atOnce: number;
  readonly #waiting: (() => void)[] = [];
  #active = 0;
  #reads = 0;
  #refusal: FiledeskError | null = null;

  constructor(slots: FairSlots, share: string, atOnce: number) {
    this.#slots = slots;
    this.#share = share;
    this.#atOnce = atOnce;
  }

  run<Value>(read: () => Value | Promise<Value>): Value | Promise<Value> {
    if (++this.#reads > MAX_READS) this.#refusal ??= tooManyReads();
    if (this.#refusal) throw this.#refusal;
    if (this.#active < this.#atOnce && this.#slots.tryTake(this.#share)) {
      this.#active++;
      return this.#read(read);
    }
    const since = performance.now();
    return new Promise((resolve, reject) => {
      this.#waiting.push(() => {
        if (performance.now() - since > MAX_WAIT_MS) this.#refusal ??= noTurn();
        try {
          resolve(this.#read(this.#refusal ? refuse(this.#refusal) : read));
        } catch (error) {
          reject(error);
        }
      });
      this.#admitNext();
    });
  }

  #admitNext(): void {
    while (this.#active < this.#atOnce) {
      const next = this.#waiting.shift();
      if (!next) return;
      this.#active++;
      this.#slots.take(this.#share, next);
    }
  }

  #read<Value>(read: () => Value | Promise<Value>): Value | Promise<Value> {
    let result: Value | Promise<Value>;
    try {
      result = read();
    } catch (error) {
      this.#leave();
      throw error;
    }
    if (!(result instanceof Promise)) {
      this.#leave();
      return result;
    }
    return result.then(
      (value) => {
        this.#leave();
        return value;
      },
      (error: unknown) => {
        // What waits behind a slow read would hold a connection for as long again. It fails after it: an answer that
        // has room for one error has the one that says which read was slow.
        this.#refusal ??= slowStatement(error);
        setImmediate(this.#leave);
        throw error;
      },
    );
  }

  #leave = (): void => {
    this.#active--;
    this.#slots.release(this.#share);
    this.#admitNext();
  };
}

const refuse = (error: FiledeskError) => () => {
  throw error;
};

const tooManyReads = () =>
  new FiledeskError(
    "QUERY_TOO_COMPLEX",
    `An operation may read ${MAX_READS} lists, objects and counts at most. Ask in several requests.`,
    { limit: MAX_READS },
  );

const noTurn = () =>
  new FiledeskError(
    "SERVICE_UNAVAILABLE",
    `Your requests ask for more than there is room for at once. Ask for less, and try again in ${RETRY_AFTER_SECONDS} seconds.`,
    { retryAfter: RETRY_AFTER_SECONDS },
  );

interface Reading {
  readonly reads?: RequestSlots;
  readonly requestFiles?: number;
}

/** Runs a nested list's batch in its request's slots; at once where there are none, as for events. */
export function inListSlots<Value>(context: object, read: () => Promise<Value>): Promise<Value> {
  const { reads } = context as Reading;
  return reads ? Promise.resolve(reads.lists.run(read)) : read();
}

/** Runs a mutation in its request's slots. One with files runs at once: it may wait for an hour until they have arrived. */
export function inMutationSlots<Value>(context: object, mutate: () => Promise<Value>): Promise<Value> {
  const { reads, requestFiles = 0 } = context as Reading;
  return reads && requestFiles === 0 ? Promise.resolve(reads.mutations.run(mutate)) : mutate();
}

/** Has the fields of Query, and the counts of the lists that they give, read in their request's slots. */
export function readInSlots(schema: GraphQLSchema): GraphQLSchema {
  for (const field of Object.values(schema.getQueryType()?.getFields() ?? {})) {
    const { resolve } = field;
    if (!resolve) continue;
    field.resolve = (root, args, context: Reading, info) => {
      const { reads } = context;
      if (!reads) return resolve(root, args, context, info);
      const result: unknown = reads.fields.run(() => resolve(root, args, context, info));
      return result instanceof Promise
        ? result.then((value) => countingInSlots(value, reads.fields))
        : countingInSlots(result, reads.fields);
    };
  }
  return schema;
}

/** A list's count is a getter, which reads when it is asked for: long after the field itself has read. */
function countingInSlots(value: unknown, slots: ReadSlots): unknown {
  if (typeof value !== "object" || value === null) return value;
  const count = Object.getOwnPropertyDescriptor(value, "totalCount")?.get;
  if (!count) return value;
  return Object.defineProperty(value, "totalCount", {
    configurable: true,
    enumerable: true,
    get: () => slots.run(() => count.call(value)),
  });
}
