/** Somebody on a connection who may read more slowly than is sent to them. */
export interface Reader {
  /** Cuts the connection, and drops what waits on it. */
  cut(): void;
}

/** What all connections of this server together may leave unread in our memory. */
export interface UnreadBudget {
  /** States how many bytes wait for a reader now; none ends the account. May cut readers, this one included. */
  hold(reader: Reader, bytes: number): void;
  /** Bytes that wait for all readers. */
  readonly held: number;
}

export interface UnreadBudgetOptions {
  readonly maxBytes: number;
  readonly log: { warn(details: object, message: string): void };
  readonly now?: () => number;
}

/** When there is too much, it is brought down to this share of the bound, so that not every message asks who to cut. */
const RELIEF = 0.9;

interface Account {
  readonly since: number;
  bytes: number;
}

/**
 * Keeps the bytes that wait for slow readers within a bound for all of them together: a bound for each connection is
 * none when anybody can open thousands. Those who hold most for longest are cut off first: a client can ask again.
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

  function relieve(): void {
    const at = now();
    const weight = ({ bytes, since }: Account) => bytes * (at - since + 1);
    const worstFirst = [...accounts].sort(([, one], [, other]) => weight(other) - weight(one));
    let cut = 0;
    const before = held;
    for (const [reader] of worstFirst) {
      if (held <= maxBytes * RELIEF) break;
      release(reader);
      reader.cut();
      cut++;
    }
    log.warn(
      { connections: cut, bytes: before - held, maxBytes },
      "connections were cut off that did not read what was sent to them",
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
      if (held > maxBytes) relieve();
    },
    get held() {
      return held;
    },
  };
}
