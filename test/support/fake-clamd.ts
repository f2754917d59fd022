import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import { createServer } from "node:net";

/** A server that does what a real clamd cannot be made to do. */
export interface FakeClamd {
  readonly url: string;
  /** Connections that are open. */
  readonly open: number;
  /** The most that have been open at once. */
  readonly most: number;
  close(): void;
}

/** @param serve is given each connection */
export async function startFakeClamd(serve: (socket: Socket) => void): Promise<FakeClamd> {
  const sockets = new Set<Socket>();
  let most = 0;
  const server = createServer((socket) => {
    sockets.add(socket);
    most = Math.max(most, sockets.size);
    socket.on("error", () => {}).on("close", () => sockets.delete(socket));
    serve(socket);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get open() {
      return sockets.size;
    },
    get most() {
      return most;
    },
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Replies when everything has arrived, as the zero length after the last chunk says. */
export const replying =
  (reply: string | Buffer) =>
  (socket: Socket): void => {
    let rest = Buffer.alloc(0);
    let skip = "zINSTREAM\0".length;
    socket.on("data", (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk]);
      for (;;) {
        const skipped = Math.min(skip, rest.length);
        rest = rest.subarray(skipped);
        skip -= skipped;
        if (skip > 0 || rest.length < 4) return;
        skip = rest.readUInt32BE();
        rest = rest.subarray(4);
        if (skip === 0) return void socket.end(reply);
      }
    });
  };
