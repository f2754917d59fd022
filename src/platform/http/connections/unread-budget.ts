/** The client of a connection, which may read more slowly than data is sent. */
export interface Reader {
  /** Closes the connection and drops its unread data. */
  cut(): void;
}

/** Limits the unread data of all connections together. */
export interface UnreadBudget {
  /** Sets how many bytes wait for a reader; 0 removes it. May disconnect readers, including this one. */
  hold(reader: Reader, bytes: number): void;
  /** Unread bytes of all readers. */
  readonly held: number;
}

export interface UnreadBudgetOptions {
  readonly maxBytes: number;
  readonly log: { warn(details: object, message: string): void };
  readonly now?: () => number;
}

/**
 * If the limit is exceeded, readers are disconnected until this share of it is left, so that not every message triggers
 * the search.
 */
const TARGET_SHARE = 0.9;

interface Account {
  readonly since: number;
  bytes: number;
}

/**
 * Limits the memory for slow readers over all connections, because a limit per connection does not help against
 * thousands of connections. Readers that have held the most bytes for the longest time are disconnected first; clients
 * can retry.
 */
export function createUnreadBudget({
  maxBytes,
  log,
  now = () => performance.now(),
}: UnreadBudgetOptions): UnreadBudget {
  const accounts = new Map<Reader, Account>();
  let held = 0;

  const release = (reader: Reader): void => {
    held -= accounts.get(reader)?.bytes ?? 0;
    accounts.delete(reader);
  };

  function disconnectSlowest(): void {
    const at = now();
    const weight = ({ bytes, since }: Account) => bytes * (at - since + 1);
    const worstFirst = [...accounts].sort(([, one], [, other]) => weight(other) - weight(one));
    let cut = 0;
    const before = held;
    for (const [reader] of worstFirst) {
      if (held <= maxBytes * TARGET_SHARE) break;
      release(reader);
      reader.cut();
      cut++;
    }
    log.warn(
      { connections: cut, bytes: before - held, maxBytes },
      "slow connections were cut off: too much data was unread",
    );
  }

  return {
    hold(reader, bytes) {
      if (bytes <= 0) return release(reader);
      const account = accounts.get(reader);
      if (account) {
        held += bytes - account.bytes;
        account.bytes = bytes;
      } else {
        held += bytes;
        accounts.set(reader, { since: now(), bytes });
      }
      if (held > maxBytes) disconnectSlowest();
    },
    get held() {
      return held;
    },
  };
}
