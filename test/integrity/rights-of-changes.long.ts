import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type postgres from "postgres";
import type { UserViewer } from "../../src/modules/identity/viewer.js";
import type { Change, Scene } from "../support/changes.js";
import { CHANGES_ELSEWHERE, change, messageBy, WITHOUT_FILES } from "../support/changes.js";
import type { Speaker } from "../support/chat-world.js";
import { startChatWorld } from "../support/chat-world.js";
import { overtaken } from "../support/overtaken.js";
import { CHANGES } from "../support/rights-tables.js";
import { wholeDatabase } from "../support/whole-database.js";

let scene: Scene;

/** Ends a right in a transaction; returns what gives it back, with every column as it was. */
type End = (tx: postgres.TransactionSql) => Promise<(sql: postgres.Sql) => Promise<unknown>>;

const sql = () => scene.server.database.sql;

const endOfAccount =
  ({ id }: Speaker): End =>
  async (tx) => {
    await tx`update users set deactivated_at = now() where id = ${id}`;
    return (sql) => sql`update users set deactivated_at = null where id = ${id}`;
  };

const endOfSession =
  ({ token }: Speaker): End =>
  async (tx) => {
    const { sessionId = "" } = (await scene.server.services.sessions.viewerOf(token)) as UserViewer;
    await tx`update sessions set revoked_at = now() where id = ${sessionId}`;
    return (sql) => sql`update sessions set revoked_at = null where id = ${sessionId}`;
  };

const endOfMembership =
  ({ id }: Pick<Speaker, "id">): End =>
  async (tx) => {
    const [row] =
      await tx`delete from memberships where user_id = ${id} and company_id = ${scene.companyId} returning *`;
    return (sql) => sql`insert into memberships ${sql(row!)}`;
  };

const demotion =
  ({ id }: Speaker): End =>
  async (tx) => {
    const { companyId } = scene;
    await tx`update memberships set role = 'CUSTOMER' where user_id = ${id} and company_id = ${companyId}`;
    return (sql) =>
      sql`update memberships set role = 'MANAGER' where user_id = ${id} and company_id = ${companyId}`;
  };

const endOfAdministration =
  ({ id }: Speaker): End =>
  async (tx) => {
    await tx`update users set is_admin = false where id = ${id}`;
    return (sql) => sql`update users set is_admin = true where id = ${id}`;
  };

const revocation =
  ({ id }: Pick<Speaker, "id">): End =>
  async (tx) => {
    await tx`update guests set revoked_at = now() where id = ${id}`;
    return (sql) => sql`update guests set revoked_at = null where id = ${id}`;
  };

/** As `removeConversationParticipant` does it: under the conversation's lock. */
const endOfParticipation =
  (conversationId: string, { id }: Speaker): End =>
  async (tx) => {
    await tx`select from conversations where id = ${conversationId} for no key update`;
    const [row] = await tx`delete from conversation_participants
      where conversation_id = ${conversationId} and user_id = ${id} returning *`;
    return (sql) => sql`insert into conversation_participants ${sql(row!)}`;
  };

function endsOf({ by, rightOf, demoted = "NOT_FOUND" }: Change): [what: string, code: string, end: End][] {
  const person = scene.people[by];
  const ends: [string, string, End][] = [
    ["the session", "UNAUTHENTICATED", endOfSession(person)],
    ["the account", "UNAUTHENTICATED", endOfAccount(person)],
  ];
  if (rightOf === "an administrator") ends.push(["administering", demoted, endOfAdministration(person)]);
  if (rightOf === "a manager" || rightOf === "a member")
    ends.push(["the membership", "NOT_FOUND", endOfMembership(person)]);
  if (rightOf === "a manager") ends.push(["managing", demoted, demotion(person)]);
  return ends;
}

/** What is told when a right ends between the first look and the commit; nothing may be written. */
async function toldWhile(end: End, act: () => Promise<{ code: string }>): Promise<string> {
  const before = await wholeDatabase(sql());
  let undo: Awaited<ReturnType<End>> | undefined;
  const { code } = await overtaken(
    sql(),
    async (tx) => {
      undo = await end(tx);
    },
    act,
  );
  await undo?.(sql());
  expect(await wholeDatabase(sql())).toEqual(before);
  return code;
}

const ofMessage = {
  sendMessage: (conversationId: string) => ({ input: { conversationId, body: "Late" } }),
  editMessage: (_conversationId: string, id: string) => ({ input: { id, body: "Late" } }),
  deleteMessage: (_conversationId: string, id: string) => ({ id }),
  markRead: (conversationId: string, messageId: string) => ({ input: { conversationId, messageId } }),
};
const OF_MESSAGES = Object.keys(ofMessage) as (keyof typeof ofMessage)[];

describe("rights of changes", () => {
  beforeAll(async () => {
    const world = await startChatWorld();
    scene = { ...world, companyId: await world.newCompany() };
  });

  afterAll(() => scene?.close());

  it("is asked of every mutation that brings no files, and is none of tickets", () => {
    expect(Object.keys(CHANGES_ELSEWHERE).sort()).toEqual([...CHANGES].sort());
  });

  describe.each([
    ...Object.entries(CHANGES_ELSEWHERE),
    ...Object.entries(WITHOUT_FILES).map(([name, row]) => [`${name} without files`, row] as const),
  ])("%s", (title, row) => {
    const [name = ""] = title.split(" ");

    it("is refused when a right of whoever asks ends before its commit, and writes nothing", async () => {
      const args = await row.prepare(scene);
      const act = () => change(scene, name, args, scene.people[row.by]);
      for (const [what, code, end] of endsOf(row))
        expect([what, await toldWhile(end, act)]).toEqual([what, code]);
      const before = await wholeDatabase(sql());
      expect((await act()).code).toBe("ok");
      expect(await wholeDatabase(sql())).not.toEqual(before);
    });
  });

  describe.each(OF_MESSAGES)("%s", (name) => {
    it("is refused to a guest who is revoked before its commit, and writes nothing", async () => {
      const conversationId = await scene.start({ companyId: scene.companyId });
      const guest = await scene.guestIn(conversationId);
      const args = ofMessage[name](conversationId, await messageBy(scene, guest, conversationId));
      const act = () => change(scene, name, args, guest);
      expect(await toldWhile(revocation(guest), act)).toBe("UNAUTHENTICATED");
      expect((await act()).code).toBe("ok");
    });

    it("is refused to a participant who is removed before its commit, and writes nothing", async () => {
      const { participant } = scene.people;
      const conversationId = await scene.start({
        companyId: scene.companyId,
        participantIds: [participant.id],
      });
      const args = ofMessage[name](conversationId, await messageBy(scene, participant, conversationId));
      const act = () => change(scene, name, args, participant);
      expect(await toldWhile(endOfParticipation(conversationId, participant), act)).toBe("NOT_FOUND");
      expect((await act()).code).toBe("ok");
    });
  });

  it("lets no guest in who is revoked while they join", async () => {
    const conversationId = await scene.start({ companyId: scene.companyId });
    const { token } = await scene.invite(conversationId);
    const [guest] = await sql()<{ id: string }[]>`
    select id from guests where conversation_id = ${conversationId}`;
    const act = () => change(scene, "joinAsGuest", { token });
    for (const _ of ["for the first time", "once more"]) {
      expect(await toldWhile(revocation(guest!), act)).toBe("UNAUTHENTICATED");
      expect((await act()).code).toBe("ok");
    }
  });

  it("lets everybody rename themselves as long as they may come in", async () => {
    const { customer } = scene.people;
    const act = () => change(scene, "updateUser", { input: { id: customer.id, name: "Renamed" } }, customer);
    expect(await toldWhile(endOfSession(customer), act)).toBe("UNAUTHENTICATED");
    expect(await toldWhile(endOfAccount(customer), act)).toBe("UNAUTHENTICATED");
    expect((await act()).code).toBe("ok");
  });

  it.each(["startConversation", "addConversationParticipant"])(
    "takes nobody in who leaves the company before the commit: %s",
    async (name) => {
      const row = CHANGES_ELSEWHERE[name]!;
      const args = await row.prepare(scene);
      const act = () => change(scene, name, args, scene.people.manager);
      expect(await toldWhile(endOfMembership(scene.people.customer), act)).toBe("BAD_USER_INPUT");
    },
  );
});
