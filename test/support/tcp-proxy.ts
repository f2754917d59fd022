import type { Socket } from "node:net";
import { connect, createServer } from "node:net";
import { setTimeout as pass } from "node:timers/promises";

/** Stands between a client and a server, to break what goes through it. */
export interface TcpProxy {
  readonly port: number;
  /** How many connections go through it. */
  readonly open: number;
  /** Ends every connection with a TCP reset. */
  reset(): void;
  /** Ends every connection as a server does that stops. */
  end(): void;
  /** From now on open connections silently drop all bytes. */
  silence(): void;
  /** Ends every connection with a TCP reset, and each new one as well for so long. */
  goAway(milliseconds: number): Promise<void>;
  /** Ends connections with a TCP reset after so many bytes of their clients, so many times. */
  cutAfter(bytes: () => number, times: number): { readonly cuts: number };
  close(): void;
}

export async function startTcpProxy(target: URL): Promise<TcpProxy> {
  const pairs = new Set<readonly [Socket, Socket]>();
  let isAway = false;
  let cutting: { cuts: number; readonly times: number; readonly bytes: () => number } | null = null;
  const reset = () => {
    for (const [socket] of pairs) socket.resetAndDestroy();
  };
  const server = createServer((socket) => {
    if (isAway) return void socket.on("error", () => {}).resetAndDestroy();
    const onward = connect(Number(target.port), target.hostname);
    const pair = [socket, onward] as const;
    pairs.add(pair);
    for (const one of pair) {
      one.on("error", () => {});
      one.on("close", () => {
        pairs.delete(pair);
        for (const other of pair) other.destroy();
      });
    }
    let left = cutting ? cutting.bytes() : Number.POSITIVE_INFINITY;
    socket.on("data", ({ length }: Buffer) => {
      left -= length;
      if (left > 0 || !cutting || cutting.cuts >= cutting.times) return;
      cutting.cuts += 1;
      left = Number.POSITIVE_INFINITY;
      socket.resetAndDestroy();
      onward.resetAndDestroy();
    });
    socket.pipe(onward).pipe(socket, { end: false });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    port: typeof address === "object" ? (address?.port ?? 0) : 0,
    get open() {
      return pairs.size;
    },
    reset,
    async goAway(milliseconds) {
      isAway = true;
      reset();
      await pass(milliseconds);
      isAway = false;
    },
    end() {
      for (const [socket] of pairs) socket.end();
    },
    silence() {
      for (const [socket, onward] of pairs) {
        socket.unpipe(onward);
        onward.unpipe(socket);
        for (const one of [socket, onward]) one.resume();
      }
    },
    cutAfter(bytes, times) {
      cutting = { bytes, times, cuts: 0 };
      return cutting;
    },
    close() {
      server.close();
      for (const pair of pairs) for (const one of pair) one.destroy();
    },
  };
}

/** The URL of a database, by way of a proxy. */
export function through(proxy: TcpProxy, databaseUrl: string): string {
  const url = new URL(databaseUrl);
  url.hostname = "127.0.0.1";
  url.port = String(proxy.port);
  return url.href;
}
