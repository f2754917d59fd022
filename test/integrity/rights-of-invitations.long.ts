import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { InviteMemberDocument } from "../support/generated/operations.js";
import type { Asked, InvitationWorld } from "../support/invitation-world.js";
import { startInvitationWorld } from "../support/invitation-world.js";
import { overtaken } from "../support/overtaken.js";
import type { GraphQLAnswer } from "../support/test-client.js";
import { codeIn } from "../support/test-client.js";
import type { SignedIn } from "../support/test-server.js";
import { wholeDatabase } from "../support/whole-database.js";

let world: InvitationWorld;

/** A company, who manages it, and somebody whom they have asked. */
interface Scene extends Asked {
  readonly companyId: string;
  readonly inviter: SignedIn;
}

async function setUp(): Promise<Scene> {
  const companyId = await world.newCompany();
  const inviter = await world.newManager(companyId);
  const person = await world.newPerson();
  const invitation = await world.invite(companyId, person.email, "AGENT", inviter);
  return { companyId, inviter, person, invitation };
}

type Act = (scene: Scene) => Promise<GraphQLAnswer<unknown>>;

const accept: Act = ({ person, invitation }) => world.accept(person, invitation.id);
const decline: Act = ({ person, invitation }) => world.decline(person, invitation.id);
const revoke: Act = ({ inviter, invitation }) => world.revoke(invitation.id, inviter);
const invite: Act = ({ companyId, inviter }) => {
  const input = { companyId, email: world.newAddress(), role: "AGENT" } as const;
  return world.server.gql(InviteMemberDocument, { input }, inviter.token);
};

/** A statement that takes away what an answer rests on. */
type End = (scene: Scene) => string;

const deletion: End = ({ companyId }) => `update companies set deleted_at = now() where id = '${companyId}'`;
const revocation: End = ({ invitation }) => `delete from invitations where id = '${invitation.id}'`;
const renaming: End = ({ person }) =>
  `update users set email = '${world.newAddress()}' where id = '${person.id}'`;
const dismissal: End = ({ companyId, inviter }) =>
  `delete from memberships where user_id = '${inviter.id}' and company_id = '${companyId}'`;
const lockOut: End = ({ inviter }) => `update users set deactivated_at = now() where id = '${inviter.id}'`;

/** What is told when something ends, under the lock on the company's members, between the first look and the commit. */
async function toldWhile(end: End, act: Act): Promise<string> {
  const scene = await setUp();
  const { sql } = world.server.database;
  let before = {};
  const answer = await overtaken(
    sql,
    async (tx) => {
      await tx`select pg_advisory_xact_lock(hashtextextended(${`members:${scene.companyId}`}, 0))`;
      await tx.unsafe(end(scene));
      before = await wholeDatabase(tx as unknown as typeof sql);
    },
    () => act(scene),
  );
  const after = await wholeDatabase(sql);
  if (codeIn(answer) !== "ok") expect(after).toEqual(before);
  return codeIn(answer);
}

describe("rights of invitations", () => {
  beforeAll(async () => {
    world = await startInvitationWorld();
  });

  afterAll(() => world?.close());

  describe.each([
    ["accepted", accept],
    ["declined", decline],
  ] as const)("an invitation is not %s", (_what, act) => {
    it.each([
      ["the address is the viewer's no more", renaming],
      ["whoever asked manages the company no more", dismissal],
      ["whoever asked is locked out", lockOut],
      ["the company is deleted", deletion],
      ["it is revoked", revocation],
    ] as const)("when %s before the commit", async (_end, end) => {
      expect(await toldWhile(end, act)).toBe("NOT_FOUND");
    });
  });

  it("is neither made nor revoked in a company that is deleted before the commit", async () => {
    expect(await toldWhile(deletion, invite)).toBe("NOT_FOUND");
    expect(await toldWhile(deletion, revoke)).toBe("NOT_FOUND");
    expect(await toldWhile(revocation, revoke)).toBe("NOT_FOUND");
  });

  it.each([
    ["accepted", accept],
    ["declined", decline],
    ["revoked", revoke],
  ] as const)("is %s, when nothing ends, after whoever had the lock", async (_what, act) => {
    expect(await toldWhile(() => "select 1", act)).toBe("ok");
  });
});
