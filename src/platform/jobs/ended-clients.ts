import pg from "pg";

/**
 * Makes it safe to end a client of `pg`. pg-boss takes all who listen off the connection on which it is notified before
 * it ends it. When Postgres, or the network, breaks that connection off at the same moment, its `error` has nobody who
 * hears it, and Node ends the process.
 */
export function hearErrorsOfEndedClients(): void {
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
