import pg from "pg";

/**
 * Makes it safe to end a client of `pg`. Before pg-boss ends the connection on which it listens, it removes all
 * listeners from it. If Postgres or the network breaks this connection at the same moment, its `error` event has no
 * listener, and Node ends the process.
 */
export function handleErrorsOfEndedClients(): void {
  if (isDone) return;
  isDone = true;
  const { prototype } = pg.Client;
  const { end } = prototype;
  prototype.end = function (this: pg.Client, ...callback: unknown[]) {
    this.on("error", ignore);
    return Reflect.apply(end, this, callback);
  } as typeof end;
}

let isDone = false;
const ignore = (): void => {};
