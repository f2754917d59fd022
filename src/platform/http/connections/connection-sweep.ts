/** A connection that stays open, and is looked after from time to time. */
export interface Attended {
  /** Called about once a second, with the present time in milliseconds, by `performance.now()`: clocks are set back. */
  attend(now: number): void;
}

const ROUND_MS = 1_000;

/** Looks after connections in one round for all: a timer for each would cost more than what it does. */
export function createRounds<Connection extends Attended>(roundMs = ROUND_MS) {
  const connections = new Set<Connection>();
  let timer: NodeJS.Timeout | undefined;
  const goRound = () => {
    const now = performance.now();
    for (const connection of connections) connection.attend(now);
  };
  return {
    connections: connections as ReadonlySet<Connection>,
    add(connection: Connection): void {
      connections.add(connection);
      timer ??= setInterval(goRound, roundMs).unref();
    },
    remove(connection: Connection): void {
      connections.delete(connection);
      if (connections.size > 0) return;
      clearInterval(timer);
      timer = undefined;
    },
  };
}
