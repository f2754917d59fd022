import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { DEMO_PASSWORD } from "../../../src/app/demo/demo-people.js";
import type { BalancedDesk } from "../../support/balanced-desk.js";
import { startBalancedDesk } from "../../support/balanced-desk.js";
import type { DeskTraffic } from "../../support/desk-traffic.js";
import { startDeskTraffic } from "../../support/desk-traffic.js";
import { until } from "../../support/feed-world.js";
import type { CreateTicketMutation } from "../../support/generated/operations.js";
import { CreateTicketDocument, SignInDocument } from "../../support/generated/operations.js";
import { filesUnder } from "../../support/inventory.js";
import type { HeldPost } from "../../support/post-files.js";
import { holdPost } from "../../support/post-files.js";
import { postGraphQL } from "../../support/test-client.js";

let desk: BalancedDesk;
let traffic: DeskTraffic;

/** An upload directly to a server, which has received all but its last bytes. */
async function beginUpload(url: string, dataFolder: string): Promise<HeldPost<CreateTicketMutation>> {
  const credentials = { email: "customer@acme.test", password: DEMO_PASSWORD };
  const { data } = await postGraphQL(url, SignInDocument, { input: credentials });
  const { accessToken: token, viewer } = data!.signIn;
  const input = { companyId: viewer.memberships[0]!.company.id, subject: "Slow", description: "" };
  const files = [{ name: "slow.txt", bytes: Buffer.from(randomBytes(200_000).toString("hex")) }];
  const upload = holdPost<CreateTicketMutation>(url, { query: CreateTicketDocument, input, files, token });
  await until(async () => (await filesUnder(join(dataFolder, "files", ".tmp"))).length > 0);
  return upload;
}

const isClosed = (url: string): Promise<boolean> =>
  fetch(`${url}/healthz`, { headers: { connection: "close" } }).then(
    () => false,
    () => true,
  );

describe("a rolling restart of two servers that share a data folder", () => {
  beforeAll(async () => {
    desk = await startBalancedDesk({ servers: 2, workers: 0 });
  });
  afterAll(async () => {
    await traffic?.abandon();
    await desk?.close();
  });

  it("fails no request, loses nothing, and has whoever follows come back", async () => {
    const { cluster, balancer, folder, sql } = desk;
    traffic = await startDeskTraffic({ urlOf: () => balancer.url, password: DEMO_PASSWORD });
    for (const server of [0, 1]) {
      const before = balancer.sent[server]!;
      await until(() => balancer.sent[server]! > before + 5);
      const upload = await beginUpload(cluster.urls[server]!, folder);
      const url = cluster.urls[server]!;
      const restarting = cluster.restart("server", server, "SIGTERM");
      // Its last bytes come when nobody else is let in any more.
      await until(() => isClosed(url), 180_000);
      expect((await upload.finish()).data?.createTicket.attachments.nodes).toHaveLength(1);
      await restarting;
    }
    const before = [...balancer.sent];
    await until(() => balancer.sent.every((sent, server) => sent > before[server]! + 5));
    await traffic.stop();
    expect({ failed: traffic.failures, forwards: balancer.failures }).toEqual({ failed: [], forwards: [] });
    expect(traffic.uploads.length).toBeGreaterThan(10);
    await traffic.verify(balancer.url, sql);
  });
});
