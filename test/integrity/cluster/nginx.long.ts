import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import postgres from "postgres";
import { DEMO_PASSWORD } from "../../../src/app/demo/demo-people.js";
import type { Cluster } from "../../support/cluster.js";
import { startCluster } from "../../support/cluster.js";
import { createTestDatabase } from "../../support/database.js";
import { startDeskTraffic, UNLIMITED } from "../../support/desk-traffic.js";
import { until } from "../../support/feed-world.js";
import { CreateTicketDocument, SignInDocument } from "../../support/generated/operations.js";
import { filesUnder } from "../../support/inventory.js";
import type { Nginx } from "../../support/nginx.js";
import { hasNginx, startNginx } from "../../support/nginx.js";
import { holdPost, sha256 } from "../../support/post-files.js";
import { readEventStream } from "../../support/read-event-stream.js";
import { freePort } from "../../support/spawned-service.js";
import { bearer, postGraphQL } from "../../support/test-client.js";

const cleanUps: (() => Promise<unknown>)[] = [];
let folder: string;
let cluster: Cluster;
let nginx: Nginx;
let sql: postgres.Sql;

const withNginx = hasNginx() ? describe : describe.skip;

withNginx("two servers behind nginx, as compose.cluster.yaml sets it up", () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "filedesk-nginx-"));
    cleanUps.push(() => rm(folder, { recursive: true, force: true, maxRetries: 20 }));
    await cp(process.env.TEST_DEMO_FOLDER ?? "", folder, { recursive: true });
    const database = await createTestDatabase("filedesk_demo_template");
    cleanUps.push(() => database.drop());
    sql = postgres(database.url, { max: 1, onnotice: () => {} });
    cleanUps.push(() => sql.end());
    const environment = {
      DATABASE_URL: database.url,
      FILEDESK_DATA: folder,
      TRUST_PROXY: "127.0.0.1",
      // More than the time for which nginx keeps connections.
      SHUTDOWN_DELAY_SECONDS: "6",
      ...UNLIMITED,
    };
    const ports = [await freePort(), await freePort()];
    cluster = await startCluster({ environment, servers: 2, workers: 0, ports });
    cleanUps.push(() => cluster.close());
    nginx = await startNginx(cluster.urls);
    cleanUps.push(() => nginx.close());
  });
  afterAll(async () => {
    for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
  });

  async function signIn() {
    const input = { email: "agent@acme.test", password: DEMO_PASSWORD };
    const { data } = await postGraphQL(nginx.url, SignInDocument, { input });
    return { token: data!.signIn.accessToken, companyId: data!.signIn.viewer.memberships[0]!.company.id };
  }

  it("hands uploads on while they arrive, and gives the files back whole", async () => {
    const { token, companyId } = await signIn();
    const bytes = Buffer.from(randomBytes(10_000_000).toString("hex"));
    const input = { companyId, subject: "Through nginx", description: "" };
    const files = [{ name: "log.txt", bytes }];
    const upload = holdPost(nginx.url, { query: CreateTicketDocument, input, files, token });
    // Its last bytes are still held back, and a server has received the others.
    await until(async () => (await filesUnder(join(folder, "files", ".tmp"))).length > 0, 180_000);
    const { data } = await upload.finish();
    const { id, url } = data!.createTicket.attachments.nodes[0]!;
    expect(url).toMatch(`${nginx.url}/attachments/${id}`);
    const response = await fetch(url);
    expect(sha256(Buffer.from(await response.arrayBuffer()))).toBe(sha256(bytes));
  });

  it("passes event streams on as they come", async () => {
    const { token } = await signIn();
    const [ticket] = await sql`select id from tickets where subject = 'Through nginx'`;
    const stream = readEventStream(nginx.url, `ticket:${ticket!.id}`, token);
    const addReply = "mutation ($input: AddReplyInput!) { addReply(input: $input) { id } }";
    await postGraphQL(nginx.url, addReply, { input: { ticketId: ticket!.id, body: "Seen." } }, token);
    await until(() => stream.events.length > 0);
    await stream.stop();
  });

  it("refuses what is longer than any upload may be", async () => {
    const { token } = await signIn();
    const asking = httpRequest(`${nginx.url}/graphql`, {
      method: "POST",
      headers: {
        "content-type": "multipart/form-data; boundary=b",
        "content-length": 1_100_000_000,
        ...bearer(token),
      },
    });
    asking.flushHeaders();
    const [response] = await once(asking, "response");
    expect(response.statusCode).toBe(413);
    asking.destroy();
  });

  it("sends everything to the other server while one restarts, websockets too, and fails nothing", async () => {
    const traffic = await startDeskTraffic({ urlOf: () => nginx.url, password: DEMO_PASSWORD });
    for (const server of [0, 1]) {
      const wanted = traffic.answered + 30;
      await until(() => traffic.answered >= wanted, 180_000);
      await cluster.restart("server", server, "SIGTERM");
    }
    await traffic.stop();
    const { failures } = traffic;
    expect({ failures, ...(failures.length > 0 && { nginx: await nginx.errors() }) }).toEqual({
      failures: [],
    });
    await traffic.verify(nginx.url, sql);
  });
});
