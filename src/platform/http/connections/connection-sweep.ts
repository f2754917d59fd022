/** A connection that stays open, and is looked after from time to time. */
export interface Swept {
  /** Called about once a second, with the present time in milliseconds, by `performance.now()`: clocks are set back. */
  sweep(now: number): void;
}

const SWEEP_MS = 1_000;

/** Looks after connections in one round for all: a timer for each would cost more than what it does. */
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
