import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chown } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { connect, createServer } from "node:net";
import { ended, hasSetpriv, spawnBound } from "../../src/platform/database/embedded/bound-process.js";

/** The account without rights, for programs that refuse to run as root; null where we are not root. */
const NOBODY = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : null;

/** A program of the test's own, which ends with the test run whatever happens. */
export async function spawnService(
  program: string,
  args: readonly string[],
  { asRoot = false } = {},
): Promise<ChildProcess> {
  const account = asRoot ? null : NOBODY;
  return spawnBound({ account, passBarriers: false, setpriv: await hasSetpriv() }, program, args);
}

/** `kill`, with its group where a shell stands between, and waits for its end. */
export async function endService(child: ChildProcess, signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || !child.pid) return;
  const end = ended(child);
  process.kill(-child.pid, signal);
  await end;
}

/** Gives files to whoever the programs run as. */
export async function giveAway(...paths: readonly string[]): Promise<void> {
  if (NOBODY) for (const path of paths) await chown(path, NOBODY.uid, NOBODY.gid);
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** Whether somebody listens there. */
export const listens = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    const answer = (is: boolean) => {
      resolve(is);
      socket.destroy();
    };
    socket.once("connect", () => answer(true)).once("error", () => answer(false));
  });
