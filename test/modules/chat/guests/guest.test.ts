import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { ChatWorld } from "../../../support/chat-world.js";
import { startChatWorld } from "../../../support/chat-world.js";
import type { InviteGuestInput } from "../../../support/generated/operations.js";
import {
  InviteGuestDocument,
  JoinAsGuestDocument,
  RevokeGuestDocument,
} from "../../../support/generated/operations.js";
import { codeIn } from "../../../support/test-client.js";
import { textFile } from "../../../support/ticket-world.js";

let world: ChatWorld;
let companyId: string;

const DAY_MS = 86_400_000;

const invite = (conversationId: string, input: Partial<InviteGuestInput> = {}) =>
  world.server.gql(
    InviteGuestDocument,
    { input: { conversationId, displayName: "Room 204", ...input } },
    world.people.agent.token,
  );

const auditOf = async (guestId: string) =>
  (
    await world.server.database.sql`select action from audit_log where subject_id = ${guestId} order by id`
  ).map(({ action }) => action as string);

describe("guest", () => {
  beforeAll(async () => {
    world = await startChatWorld({ env: { GUEST_URL: "https://desk.example/#/join?t={token}" } });
    companyId = await world.newCompany();
  });

  afterAll(() => world?.close());

  it("invites by a link whose token is kept as a hash alone", async () => {
    const id = await world.start({ companyId });
    const { token, url, guest } = await world.invite(id);
    expect(token).toMatch(/^[\w-]{43}$/);
    expect(url).toBe(`https://desk.example/#/join?t=${token}`);
    expect(new Date(guest.expiresAt).getTime() - Date.now()).toBeGreaterThan(29.9 * DAY_MS);
    const [row] = await world.server.database
      .sql`select guests::text as text from guests where id = ${guest.id}`;
    expect(row!.text).not.toContain(token);
  });

  it("refuses a name that is none, and times that are over or too far away", async () => {
    const id = await world.start({ companyId });
    const at = (days: number) => new Date(Date.now() + days * DAY_MS).toISOString();
    const codes = [];
    for (const input of [
      { displayName: " " },
      { displayName: "a\0b" },
      { displayName: "\u200b\u2060" },
      { displayName: "\u3164" },
      { displayName: "Room \u001b402" },
      { displayName: "\u202e \u2028" },
      { displayName: "\u2066" },
      { displayName: "x".repeat(101) },
      { expiresAt: at(-0.01) },
      { expiresAt: at(30.01) },
      { displayName: "x".repeat(100), expiresAt: at(29.9) },
      { displayName: "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645 \u{1F468}\u200d\u{1F469}" },
    ])
      codes.push(codeIn(await invite(id, input)));
    expect(codes).toEqual([...Array(10).fill("BAD_USER_INPUT"), "ok", "ok"]);
  });

  it("takes 50 living guests in a conversation, also when they are invited at once", async () => {
    const id = await world.start({ companyId });
    const { guest } = await world.invite(id);
    await world.server.database.sql`
    insert into guests (id, company_id, conversation_id, display_name, token_hash, invited_by, expires_at)
    select gen_random_uuid(), company_id, conversation_id, 'Guest', 'hash ' || n, invited_by, expires_at
    from guests, generate_series(1, 47) n where guests.id = ${guest.id}`;
    const codes = (await Promise.all([1, 2, 3, 4].map(() => invite(id)))).map(codeIn);
    expect(codes.sort()).toEqual(["BAD_USER_INPUT", "BAD_USER_INPUT", "ok", "ok"]);
    await world.server.gql(RevokeGuestDocument, { id: guest.id }, world.people.agent.token);
    expect(codeIn(await invite(id))).toBe("ok");
  });

  it("shows the hundred newest of all who were ever invited", async () => {
    const { agent } = world.people;
    const id = await world.start({ companyId });
    const { guest } = await world.invite(id);
    await world.server.database.sql`
    insert into guests (id, company_id, conversation_id, display_name, token_hash, invited_by, expires_at, revoked_at)
    select gen_random_uuid(), company_id, conversation_id, 'Guest', 'old ' || n, invited_by, expires_at, now()
    from guests, generate_series(1, 120) n where guests.id = ${guest.id}`;
    const { guests } = await world.read(agent, id);
    expect(guests).toHaveLength(100);
    expect(guests.map((one) => one.id)).toEqual(guests.map((one) => one.id).sort());
  });

  it("lets whoever has the link in, again and again, and tells the first time alone", async () => {
    const { agent, participant } = world.people;
    const id = await world.start({ companyId, participantIds: [participant.id] });
    const { token, guest } = await world.invite(id);
    const guestsOf = async (by: typeof agent) => (await world.read(by, id)).guests.map((one) => one.id);
    expect([await guestsOf(agent), await guestsOf(participant)]).toEqual([[guest.id], []]);
    const { joinAsGuest: joined } = (await world.server.gql(JoinAsGuestDocument, { token })).data!;
    expect(joined).toMatchObject({ conversation: { id }, guest: { id: guest.id } });
    expect(joined.guest.joinedAt).not.toBeNull();
    expect(await guestsOf(participant)).toEqual([guest.id]);
    const again = await world.join(token);
    expect((await world.say(again, id, "Here I am")).sender.id).toBe(guest.id);
    expect((await world.say(again, id, { files: [textFile()] })).attachments.totalCount).toBe(1);
    const log = await world.log(id);
    expect(log.map(({ type }) => type)).toEqual(["participant.joined", "message.added", "message.added"]);
    expect(log[0]!.payload).toEqual({ guestId: guest.id });
    expect(await auditOf(guest.id)).toEqual(["guest.invited", "guest.joined"]);
  });

  it("does not show what hangs on the conversation in the answer to the link itself", async () => {
    const { token } = await world.invite(await world.start({ companyId }));
    const mutation = `mutation ($token: String!) { joinAsGuest(token: $token) { conversation { messages { totalCount } } } }`;
    expect(codeIn(await world.server.gql(mutation, { token }))).toBe("UNAUTHENTICATED");
  });

  it("says the same of links that are unknown, over or revoked", async () => {
    const id = await world.start({ companyId });
    const [over, revoked] = [await world.invite(id), await world.invite(id)];
    const { sql } = world.server.database;
    await sql`update guests set expires_at = now() - interval '1 second' where id = ${over.guest.id}`;
    await world.server.gql(RevokeGuestDocument, { id: revoked.guest.id }, world.people.agent.token);
    const failures = await Promise.all(
      ["unknown", over.token, revoked.token].map(async (token) => {
        const { errors } = await world.server.gql(JoinAsGuestDocument, { token });
        return [errors![0]!.extensions.code, errors![0]!.message];
      }),
    );
    expect(new Set(failures.map((failure) => JSON.stringify(failure))).size).toBe(1);
    expect(failures[0]![0]).toBe("UNAUTHENTICATED");
  });

  it("ends a guest's access at once, and lets what it wrote stay", async () => {
    const { agent } = world.people;
    const id = await world.start({ companyId });
    const { token, guest } = await world.invite(id);
    const speaker = await world.join(token);
    const sent = await world.say(speaker, id, { body: "Hello", files: [textFile()] });
    const url = sent.attachments.nodes[0]!.url;
    expect((await fetch(url)).status).toBe(200);
    const { gql } = world.server;
    const revoke = () => gql(RevokeGuestDocument, { id: guest.id }, agent.token);
    const revoked = (await revoke()).data!.revokeGuest;
    expect(revoked.revokedAt).not.toBeNull();
    expect((await revoke()).data!.revokeGuest).toEqual(revoked);
    expect(codeIn(await gql(`{ conversation(id: "${id}") { id } }`, {}, speaker.token))).toBe(
      "UNAUTHENTICATED",
    );
    expect((await fetch(url)).status).not.toBe(200);
    expect((await world.read(agent, id)).messages.nodes[0]!.sender.id).toBe(guest.id);
    expect((await world.log(id)).at(-1)).toMatchObject({
      type: "participant.left",
      payload: { guestId: guest.id },
    });
    expect(await auditOf(guest.id)).toEqual(["guest.invited", "guest.joined", "guest.revoked"]);
  });

  it("names a guest who never came to nobody when it is revoked", async () => {
    const id = await world.start({ companyId });
    const { guest } = await world.invite(id);
    const revoked = await world.server.gql(RevokeGuestDocument, { id: guest.id }, world.people.agent.token);
    expect(revoked.data!.revokeGuest.revokedAt).not.toBeNull();
    expect(await world.log(id)).toEqual([]);
  });
});
