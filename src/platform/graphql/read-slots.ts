import type { GraphQLSchema } from "graphql";
import { FiledeskError } from "../../kernel/errors.js";
import type { FairSlots } from "../../kernel/fair-slots.js";
import { createFairSlots } from "../../kernel/fair-slots.js";
import { slowStatement } from "../http/errors/slow-statement.js";

/** The slots in which one request's reads run. */
export interface ReadSlots {
  /**
   * Runs a read when a slot is free, usually at once.
   *
   * @throws QUERY_TOO_COMPLEX if the request has too many reads, SERVICE_UNAVAILABLE if no slot is free in time,
   *   TIMED_OUT if an earlier read of this request took too long
   */
  run<Value>(read: () => Value | Promise<Value>): Value | Promise<Value>;
}

/**
 * Slots for the kinds of work that a document can multiply. Each kind has slots of its own: a root field may wait for
 * nested lists, and would deadlock if it held the slots that they need. A nested list waits for nothing else.
 */
export interface RequestSlots {
  /** For root fields, and the counts of their lists. */
  readonly fields: ReadSlots;
  /** For nested lists, one for each set of arguments. */
  readonly lists: ReadSlots;
  /** For mutations without files: one that waits for a lock holds a connection. */
  readonly mutations: ReadSlots;
}

export interface ReadAdmission {
  /** @param share key of the tenant or person whose share the request's reads use */
  forRequest(share: string): RequestSlots;
}

/** Maximum reads of each kind in one request. */
const MAX_READS = 200;
/** How long a read may wait for a slot. */
const MAX_WAIT_MS = 15_000;
const RETRY_AFTER_SECONDS = 5;

/** Shares of the pool that one kind of work may use. */
const OF_A_TENANT = 0.4;
const OF_A_REQUEST = 0.2;
const OF_ALL = 0.8;

/**
 * Divides a connection pool among tenants, and among the requests of a tenant, so that no request can keep others from
 * the database.
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
        if (performance.now() - since > MAX_WAIT_MS) this.#refusal ??= noFreeSlot();
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
        // The reads that wait after a slow one might be as slow, so they fail with the same error. They fail after it,
        // so that the first error of the response has the path of the slow read.
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
    `An operation may read at most ${MAX_READS} lists, objects and counts. Send several requests.`,
    { limit: MAX_READS },
  );

const noFreeSlot = () =>
  new FiledeskError(
    "SERVICE_UNAVAILABLE",
    `Your requests need more capacity than is free. Request less, and try again in ${RETRY_AFTER_SECONDS} seconds.`,
    { retryAfter: RETRY_AFTER_SECONDS },
  );

interface Reading {
  readonly reads?: RequestSlots;
  readonly requestFiles?: number;
}

/** Runs a nested list's batch in the slots of its request, or at once if it has none, as for events. */
export function inListSlots<Value>(context: object, read: () => Promise<Value>): Promise<Value> {
  const { reads } = context as Reading;
  return reads ? Promise.resolve(reads.lists.run(read)) : read();
}

/**
 * Runs a mutation in the slots of its request. A mutation with files runs at once, because it may wait for its files
 * for an hour.
 */
export function inMutationSlots<Value>(context: object, mutate: () => Promise<Value>): Promise<Value> {
  const { reads, requestFiles = 0 } = context as Reading;
  return reads && requestFiles === 0 ? Promise.resolve(reads.mutations.run(mutate)) : mutate();
}

/** Makes the fields of Query, and the counts of their lists, run in the slots of their request. */
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

/** A list's count is a getter that reads only when it is selected, long after the field itself. */
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
