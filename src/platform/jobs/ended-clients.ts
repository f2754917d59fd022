import pg from "pg";

/**
 * Makes it safe to end a client of `pg`. Before pg-boss ends its listening connection, it removes all event listeners
 * from it. If the connection is lost at the same moment, its `error` event has no listener, and Node ends the process.
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
