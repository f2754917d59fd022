import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import type { Client } from "graphql-ws";
import type postgres from "postgres";
import type { TestKey } from "../support/api-keys.js";
import { createKey, revokeKey } from "../support/api-keys.js";
import { until } from "../support/feed-world.js";
import { strayFiles } from "../support/inventory.js";
import { makePng } from "../support/make-files.js";
import { overtaken } from "../support/overtaken.js";
import { clientOf } from "../support/own-events.js";
import { operationOn, postOperation } from "../support/schema-operations.js";
import { eventsIn } from "../support/server-sent-events.js";
import { stageFile } from "../support/staged-uploads.js";
import { bearer, codeIn } from "../support/test-client.js";
import type { TicketWorld } from "../support/ticket-world.js";
import { startTicketWorld, textFile } from "../support/ticket-world.js";

type Tx = postgres.TransactionSql;

let world: TicketWorld;
let companyId: string;
const clients: Client[] = [];

const server = () => world.server;
const sql = () => world.server.database.sql;
const newKey = (expiresAt: string | null = null): Promise<TestKey> =>
  createKey(server(), world.people.manager.token, { companyId, scopes: ["READ", "UPLOAD"], expiresAt });

interface Uploaded {
  readonly id: string;
  readonly url: string;
  readonly uploadedBy: object | null;
  readonly uploader: object;
}

const UPLOAD = `mutation ($input: UploadMediaInput!) {
  uploadMedia(input: $input) { id url uploadedBy { id } uploader { __typename id name } } }`;

async function uploadBy(token: string, input: object = { file: textFile() }) {
  const variables = { input: { companyId, bucket: "ATTACHMENTS", ...input } };
  const answer = await postOperation(server().url, UPLOAD, variables, token);
  return {
    code: codeIn(answer),
    file: (answer.data as unknown as { uploadMedia: Uploaded } | null)?.uploadMedia,
  };
}

/** A websocket of the key's on the events of the library: what has come, and how it ended. */
function follow(key: TestKey) {
  const client = clientOf(server(), key);
  clients.push(client);
  const got: string[] = [];
  const ended = new Promise<string>((resolve) => {
    client.subscribe(
      { query: operationOn("Subscription", "mediaFileEvents", { companyId }), variables: { companyId } },
      {
        next: () => got.push("event"),
        error: (error) =>
          resolve(
            Array.isArray(error) ? JSON.stringify(error) : `closed with ${(error as { code?: number }).code}`,
          ),
        complete: () => resolve("completed"),
      },
    );
  });
  return { got, ended };
}

/** An event stream; it ends with what was last sent. */
async function stream(url: string, headers: Record<string, string> = {}) {
  const response = await fetch(url, { headers });
  expect(response.status).toBe(200);
  const events: string[] = [];
  const ended = (async () => {
    for await (const { event, data } of eventsIn(response)) events.push(`${event} ${data}`);
    return events.at(-1) ?? "";
  })();
  return { events, ended };
}

describe("an API key", () => {
  beforeAll(async () => {
    world = await startTicketWorld({ env: { DOWNLOADS_PER_MINUTE: "3", API_KEY_RATE_FACTOR: "2" } });
    companyId = await world.newCompany();
  });

  afterEach(async () => {
    for (const client of clients.splice(0)) await client.dispose();
  });

  afterAll(() => world?.close());

  it("uploads by a multipart request and by a resumable upload, and is the uploader", async () => {
    const key = await newKey();
    const { file } = await uploadBy(key.token);
    const uploader = { __typename: "ApiKey", id: key.id, name: "Course platform" };
    expect(file).toMatchObject({ uploadedBy: null, uploader });
    const bytes = await makePng({ width: 80, height: 60 });
    const target = { companyId, bucket: "PUBLIC_PAGES" as const, fileName: "banner.png" };
    const stagedUploadId = await stageFile({ url: server().url, token: key.token }, target, bytes);
    const staged = await uploadBy(key.token, { bucket: "PUBLIC_PAGES", stagedUploadId });
    expect(staged.file).toMatchObject({ uploader });
    // Nobody else takes what it has begun.
    const left = await stageFile({ url: server().url, token: key.token }, target, bytes);
    const other = await newKey();
    expect((await uploadBy(other.token, { bucket: "PUBLIC_PAGES", stagedUploadId: left })).code).toBe(
      "NOT_FOUND",
    );
  });

  it("hands out URLs that its end ends, with the streams and subscriptions that it has open", async () => {
    const key = await newKey();
    const { file } = await uploadBy(key.token);
    const addresses = await server().gql<{ company: { mediaFileEventsUrl: string } }>(
      "query ($id: ID!) { company(id: $id) { mediaFileEventsUrl } }",
      { id: companyId },
      key.token,
    );
    const { mediaFileEventsUrl } = addresses.data!.company;
    expect((await fetch(file!.url)).status).toBe(200);
    const socket = follow(key);
    const byHeader = await stream(`${server().url}/events?topic=media:${companyId}`, bearer(key.token));
    const byUrl = await stream(mediaFileEventsUrl);
    await until(async () => {
      await uploadBy(key.token);
      return socket.got.length > 0 && byHeader.events.length > 0 && byUrl.events.length > 0;
    });
    await revokeKey(server(), world.people.manager.token, key.id);
    for (const ended of await Promise.all([socket.ended, byHeader.ended, byUrl.ended]))
      expect(ended).toContain("UNAUTHENTICATED");
    expect((await fetch(file!.url)).status).toBe(401);
    expect((await fetch(mediaFileEventsUrl)).status).toBe(401);
    const refused = await fetch(`${server().url}/files/${file!.id}/a.txt`, { headers: bearer(key.token) });
    expect(refused.status).toBe(401);
    expect(await refused.json()).toMatchObject({
      error: { code: "UNAUTHENTICATED", message: "This API key has been revoked: use another one." },
    });
  });

  it("loses its subscriptions when it expires, and when whoever created it stops managing", async () => {
    const expiresAt = new Date(Date.now() + 3_000).toISOString();
    const expiring = follow(await newKey(expiresAt));
    const { email } = world.people.agent;
    await sql()`update memberships set role = 'MANAGER' where company_id = ${companyId}
      and user_id = ${world.people.agent.id}`;
    const orphaned = follow(
      await createKey(server(), world.people.agent.token, { companyId, scopes: ["READ"] }),
    );
    await until(async () => {
      await uploadBy((await newKey()).token);
      return expiring.got.length > 0 && orphaned.got.length > 0;
    });
    const input = { companyId, email, role: "AGENT" };
    const demote = "mutation ($input: SetMembershipInput!) { setMembership(input: $input) { id } }";
    expect(codeIn(await server().gql(demote, { input }, world.people.admin.token))).toBe("ok");
    expect(await orphaned.ended).toMatch(/UNAUTHENTICATED/);
    expect(await expiring.ended).toMatch(/UNAUTHENTICATED|closed with 440[13]/);
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(expiresAt) - 50);
  });

  it("has rates of its own, which its URLs count in and a person's do not", async () => {
    const key = await newKey();
    const { file } = await uploadBy(key.token);
    const statuses: number[] = [];
    for (let count = 0; count < 7; count++) statuses.push((await fetch(file!.url)).status);
    expect(statuses).toEqual([200, 200, 200, 200, 200, 200, 429]);
    const { token } = world.people.manager;
    const own = async () =>
      (await fetch(`${server().url}/files/${file!.id}/a.txt`, { headers: bearer(token) })).status;
    expect([await own(), await own(), await own(), await own()]).toEqual([200, 200, 200, 429]);
  });

  it.each([
    [
      "the key is revoked",
      (tx: Tx, { id }: TestKey) => tx`update api_keys set revoked_at = now() where id = ${id}`,
    ],
    [
      "the key expires",
      (tx: Tx, { id }: TestKey) => tx`update api_keys set expires_at = now() where id = ${id}`,
    ],
    [
      "whoever created it loses the membership",
      (tx: Tx) =>
        tx`delete from memberships where user_id = ${world.people.manager.id} and company_id = ${companyId}`,
    ],
  ])("stores nothing when %s before the commit", async (_what, end) => {
    const key = await newKey();
    const count = () => sql()<{ count: number }[]>`select count(*)::int as count from media_files`;
    const before = await count();
    const strays = await strayFiles(sql(), server().dataFolder);
    const { code } = await overtaken(
      sql(),
      (tx) => end(tx, key),
      () => uploadBy(key.token),
    );
    expect(code).toBe("UNAUTHENTICATED");
    expect(await count()).toEqual(before);
    expect(await strayFiles(sql(), server().dataFolder)).toEqual(strays);
  });
});
