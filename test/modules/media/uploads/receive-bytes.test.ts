import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { receiveBytes } from "../../../../src/modules/media/uploads/receive-bytes.js";
import type { UploadLease } from "../../../../src/modules/media/uploads/upload-lease.js";
import { createLocalStorage } from "../../../../src/platform/storage/local.js";
import { createSegmentStaging } from "../../../../src/platform/storage/segment-staging.js";

const MOST_BYTES = 1_000;

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "filedesk-receive-"));
});
afterEach(() => rm(root, { recursive: true }));

/** Appends what arrives while another request already asks for the upload. */
function receiveWhenWanted(body: IncomingMessage): Promise<number> {
  const staging = createSegmentStaging({
    storage: createLocalStorage({ root }),
    tempRoot: join(root, ".tmp"),
  });
  const lease = {
    upload: { id: "up", receivedBytes: 0 },
    signal: AbortSignal.abort(new Error("another request continues")),
    write: async () => {},
  } as unknown as UploadLease;
  return receiveBytes(staging, lease, { body, checksum: null }, MOST_BYTES);
}

describe("a request that is asked to leave its upload to another", () => {
  it.each([
    ["empty", "", "kept 0"],
    ["whole", "The lamp flickers", "another request continues"],
  ])("is answered if all of it has arrived: %s", async (_what, sent, answer) => {
    const server = createServer(async (request, response) => {
      while (!request.complete) await turn();
      const kept = await receiveWhenWanted(request).catch((error: Error) => error);
      response.end(kept instanceof Error ? kept.message : `kept ${kept}`);
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    const { port } = server.address() as AddressInfo;
    try {
      const response = await fetch(`http://127.0.0.1:${port}`, { method: "PATCH", body: sent });
      expect(await response.text()).toBe(answer);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});
