import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { createEndSessionsJob } from "../../../../src/modules/identity/sessions/end-sessions.job.js";
import {
  DeactivateUserDocument,
  ReactivateUserDocument,
  SetMembershipDocument,
  SignInDocument,
  UpdateUserDocument,
} from "../../../support/generated/operations.js";
import type { Asked, InvitationWorld } from "../../../support/invitation-world.js";
import { idsOf, startInvitationWorld } from "../../../support/invitation-world.js";
import { codeIn } from "../../../support/test-client.js";
import type { SignedIn } from "../../../support/test-server.js";

let world: InvitationWorld;
let companyId: string;

const admin = () => world.people.admin.token;
const sql = () => world.server.database.sql;

/** Neither the person nor the company finds it, and nobody can answer it. */
async function expectOver(asked: Asked) {
  expect(await world.whatIsLeftOf(companyId, asked)).toEqual([]);
  expect(await world.roleOf(companyId, asked.person)).toBeUndefined();
}

describe("invitation end", () => {
  beforeAll(async () => {
    world = await startInvitationWorld();
    companyId = await world.newCompany();
  });

  afterAll(() => world?.close());

  describe("an invitation lasts no longer than its inviter's right to invite", () => {
    const roleIs = async (email: string, role: "AGENT" | "CUSTOMER") =>
      world.server.gql(SetMembershipDocument, { input: { companyId, email, role } }, admin());

    it.each<readonly [string, (inviter: SignedIn) => Promise<unknown>]>([
      ["they are removed from the company", (person) => world.dismiss(companyId, person)],
      ["they become an agent", ({ email }) => roleIs(email, "AGENT")],
      ["they are locked out", ({ id }) => world.server.gql(DeactivateUserDocument, { id }, admin())],
    ])("and is over when %s", async (_what, end) => {
      const inviter = await world.newManager(companyId);
      const person = await world.newPerson();
      const invitation = await world.invite(companyId, person.email, "MANAGER", inviter);
      expect(await world.received(person)).toEqual([invitation]);
      await end(inviter);
      await expectOver({ person, invitation });
    });

    it("and is over when an administrator is one no more, unless they manage the company", async () => {
      const promoted = async () => {
        const somebody = await world.newPerson();
        await world.server.gql(UpdateUserDocument, { input: { id: somebody.id, isAdmin: true } }, admin());
        return somebody;
      };
      const [one, other] = [await promoted(), await promoted()];
      await world.server.gql(
        SetMembershipDocument,
        { input: { companyId, email: other.email, role: "MANAGER" } },
        admin(),
      );
      const person = await world.newPerson();
      const second = await world.newPerson();
      const invitation = await world.invite(companyId, person.email, "AGENT", one);
      const kept = await world.invite(companyId, second.email, "AGENT", other);
      for (const { id } of [one, other])
        await world.server.gql(UpdateUserDocument, { input: { id, isAdmin: false } }, admin());
      await expectOver({ person, invitation });
      expect(await world.received(second)).toEqual([kept]);
    });
  });

  describe("an invitation belongs to the address", () => {
    it("whoever has it today finds it, and who had it yesterday does not", async () => {
      const { person, invitation } = await world.invited(companyId);
      const moved = { id: person.id, email: world.newAddress() };
      expect(codeIn(await world.server.gql(UpdateUserDocument, { input: moved }, admin()))).toBe("ok");
      expect(await world.received(person)).toEqual([]);
      expect(codeIn(await world.accept(person, invitation.id))).toBe("NOT_FOUND");
      const heir = await world.newPerson();
      const input = { id: heir.id, email: invitation.email };
      await world.server.gql(UpdateUserDocument, { input }, admin());
      expect(await world.received(heir)).toEqual([invitation]);
      expect(codeIn(await world.accept(heir, invitation.id))).toBe("ok");
      expect(await world.roleOf(companyId, heir)).toBe("AGENT");
    });

    it("and who is locked out neither finds nor accepts it, until they are let in again", async () => {
      const { person, invitation } = await world.invited(companyId);
      await world.server.gql(DeactivateUserDocument, { id: person.id }, admin());
      expect(codeIn(await world.accept(person, invitation.id))).toBe("UNAUTHENTICATED");
      expect(idsOf(await world.openOf(companyId))).toContain(invitation.id);
      await world.server.gql(ReactivateUserDocument, { id: person.id }, admin());
      const session = await world.server.gql(SignInDocument, {
        input: { email: person.email, password: "filedesk-demo" },
      });
      const token = session.data!.signIn.accessToken;
      expect(await world.received({ token })).toEqual([invitation]);
      expect(codeIn(await world.accept({ token }, invitation.id))).toBe("ok");
    });
  });

  describe("an invitation that is over", () => {
    it("is over when its time is", async () => {
      const one = await world.invited(companyId);
      await sql()`update invitations set expires_at = now() where id = ${one.invitation.id}`;
      await expectOver(one);
    });

    it("of a deleted company is out of reach, and comes back with it", async () => {
      const own = await world.newCompany();
      const person = await world.newPerson();
      const invitation = await world.invite(own, person.email);
      const change = (field: string) =>
        world.server.gql(`mutation ($id: ID!) { ${field}(id: $id) { id } }`, { id: own }, admin());
      await change("deleteCompany");
      expect(await world.received(person)).toEqual([]);
      expect(codeIn(await world.accept(person, invitation.id))).toBe("NOT_FOUND");
      expect(codeIn(await world.revoke(invitation.id, world.people.admin))).toBe("NOT_FOUND");
      await change("restoreCompany");
      expect(await world.received(person)).toEqual([invitation]);
      expect(codeIn(await world.accept(person, invitation.id))).toBe("ok");
    });

    it("are forgotten within the hour, and others stay", async () => {
      const [over, open] = [
        await world.invite(companyId, world.newAddress()),
        await world.invite(companyId, world.newAddress()),
      ];
      await sql()`update invitations set expires_at = now() where id = ${over.id}`;
      const job = createEndSessionsJob({ db: world.server.database.db, clock: () => new Date() });
      await job.run({}, new AbortController().signal);
      const left = await sql()`select id from invitations where id in (${over.id}, ${open.id})`;
      expect([...left]).toEqual([{ id: open.id }]);
    });
  });
});
