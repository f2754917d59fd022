/** A long-lived connection that is checked at intervals. */
export interface Swept {
  /** Called about once a second with `performance.now()`, which is independent of changes of the clock. */
  sweep(now: number): void;
}

const SWEEP_MS = 1_000;

/** Checks all connections with one timer: a timer for each would cost more than the check itself. */
export function createConnectionSweep<Connection extends Swept>(sweepMs = SWEEP_MS) {
  const connections = new Set<Connection>();
  let timer: NodeJS.Timeout | undefined;
  const sweep = () => {
    const now = performance.now();
    for (const connection of connections) connection.sweep(now);
  };
  return {
    connections: connections as ReadonlySet<Connection>,
    add(connection: Connection): void {
      connections.add(connection);
      timer ??= setInterval(sweep, sweepMs).unref();
    },
    remove(connection: Connection): void {
      connections.delete(connection);
      if (connections.size > 0) return;
      clearInterval(timer);
      timer = undefined;
    },
  };
}
