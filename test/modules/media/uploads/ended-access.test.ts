import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { localStagingFolder } from "../../../../src/platform/storage/local-staging.js";
import type { ChatWorld } from "../../../support/chat-world.js";
import { startChatWorld } from "../../../support/chat-world.js";
import { storesInS3 } from "../../../support/desk-storage.js";
import { until } from "../../../support/feed-world.js";
import type { StartUploadInput } from "../../../support/generated/operations.js";
import {
  EndOtherSessionsDocument,
  RemoveMembershipDocument,
  RevokeGuestDocument,
  SignInDocument,
} from "../../../support/generated/operations.js";
import { BYTES, headOf, startUpload } from "../../../support/staged-uploads.js";
import { bearer } from "../../../support/test-client.js";

let world: ChatWorld;
let companyId: string;

beforeAll(async () => {
  world = await startChatWorld();
  companyId = await world.newCompany();
});
afterAll(() => world.close());

const FIRST = Buffer.from("what has arrived before\n");
const REST = Buffer.from("the rest\n");

const rowOf = async (id: string) => {
  const { sql } = world.server.database;
  const [row] = await sql`select xmin::text as version, received_bytes::int as received, lease_id as lease
    from staged_uploads where id = ${id}`;
  return row as unknown as { version: string; received: number; lease: string | null };
};

/**
 * Whether the server reads the request: it has opened the file, and has answered a request that came after the bytes.
 * What it has read is in its memory until there is more, or an end.
 */
const isRead = async (id: string): Promise<boolean> => {
  if (storesInS3()) return true;
  const path = join(localStagingFolder(join(world.server.dataFolder, "files")), id);
  return existsSync(path) && (await fetch(`${world.server.url}/healthz`)).ok;
};

/** What a client continues from: on S3 the first bytes may not have been read when the request was ended. */
const arrived = () => (storesInS3() ? expect.any(Number) : FIRST.length);

/** An upload of which a request is running that has sent its first bytes. */
async function beginSending(token: string, input: Partial<StartUploadInput> = {}) {
  const by = { url: world.server.url, token };
  const size = FIRST.length + REST.length;
  const { id, url } = await startUpload(by, {
    bucket: "ATTACHMENTS",
    companyId,
    fileName: "note.txt",
    size,
    ...input,
  });
  let body: ReadableStreamDefaultController | undefined;
  const answer = fetch(url, {
    method: "PATCH",
    headers: { ...BYTES, ...bearer(token), "upload-offset": "0" },
    body: new ReadableStream({
      start(controller) {
        body = controller;
        controller.enqueue(new Uint8Array(FIRST));
      },
    }),
    duplex: "half",
  } as RequestInit).then(
    ({ status }) => status,
    () => "cut" as const,
  );
  await until(async () => (await rowOf(id)).lease !== null && (await isRead(id)));
  const finish = () => {
    body?.enqueue(new Uint8Array(REST));
    body?.close();
  };
  return { id, url, answer, finish };
}

describe("a request that is sending bytes", () => {
  it("ends when its session, its guest's invitation or its membership ends, and others go on", async () => {
    const { server, people } = world;
    const { email, token } = people.requester;
    const { data } = await server.gql(SignInDocument, { input: { email, password: "filedesk-demo" } });
    const otherToken = data!.signIn.accessToken;
    const conversationId = await world.start({ companyId });
    const guest = await world.guestIn(conversationId);

    const goesOn = await beginSending(token);
    const signedOut = await beginSending(otherToken);
    const ofGuest = await beginSending(guest.token, {
      bucket: "CHAT",
      companyId: null,
      conversationId,
    });
    const ofMember = await beginSending(people.participant.token);

    await server.gql(EndOtherSessionsDocument, {}, token);
    await server.gql(RevokeGuestDocument, { id: guest.id }, people.agent.token);
    const left = { companyId, userId: people.participant.id };
    const removed = await server.gql(RemoveMembershipDocument, { input: left }, people.manager.token);
    expect(removed.errors ?? []).toEqual([]);

    expect(await Promise.all([signedOut.answer, ofGuest.answer, ofMember.answer])).toEqual([
      "cut",
      "cut",
      "cut",
    ]);
    expect((await headOf(signedOut.url, otherToken)).status).toBe(401);
    expect((await headOf(ofGuest.url, guest.token)).status).toBe(401);
    expect((await headOf(ofMember.url, people.participant.token)).status).toBe(404);
    // What had arrived is there for another session of the same person.
    expect(await headOf(signedOut.url, token)).toMatchObject({ status: 200, offset: arrived() });
    expect((await rowOf(ofGuest.id)).received).toEqual(arrived());

    expect((await rowOf(goesOn.id)).lease).not.toBeNull();
    goesOn.finish();
    expect(await goesOn.answer).toBe(204);
  });

  it("is ended by a question for the offset, which writes nothing when there is no such request", async () => {
    const { token } = world.people.requester;
    const { id, url, answer } = await beginSending(token);
    expect(await headOf(url, token)).toMatchObject({ status: 200, offset: arrived() });
    expect(await answer).toBe("cut");
    await until(async () => (await rowOf(id)).lease === null);
    const { version } = await rowOf(id);
    expect(await headOf(url, token)).toMatchObject({ status: 200, offset: arrived() });
    expect((await rowOf(id)).version).toBe(version);
  });
});
