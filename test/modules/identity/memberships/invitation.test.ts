import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { times } from "../../../support/feed-world.js";
import {
  CompanyInvitationsDocument,
  CompanyMembersDocument,
  InviteMemberDocument,
  ReceivedInvitationsDocument,
  SetMembershipDocument,
  SignInDocument,
  UpdateUserDocument,
} from "../../../support/generated/operations.js";
import type { InvitationWorld } from "../../../support/invitation-world.js";
import { idsOf, startInvitationWorld } from "../../../support/invitation-world.js";
import { codeIn } from "../../../support/test-client.js";
import type { SignedIn } from "../../../support/test-server.js";

let world: InvitationWorld;
let companyId: string;

const admin = () => world.people.admin.token;
const manager = () => world.people.manager.token;
const sql = () => world.server.database.sql;

describe("invitation", () => {
  beforeAll(async () => {
    world = await startInvitationWorld();
    companyId = await world.newCompany();
  });

  afterAll(() => world?.close());

  describe("an invitation", () => {
    it("is found by whoever has the address, and makes them a member once they accept it", async () => {
      const person = await world.newPerson();
      const invitation = await world.invite(companyId, ` ${person.email.toUpperCase()}`.trim(), "AGENT");
      const lasts = Date.parse(invitation.expiresAt) - Date.parse(invitation.createdAt);
      expect(lasts / 86_400_000).toBeCloseTo(14, 3);
      expect(invitation).toMatchObject({
        email: person.email,
        role: "AGENT",
        inviterName: "Mara Lindqvist",
        company: { slug: expect.stringMatching(/^desk-/), name: expect.stringMatching(/^desk-/) },
      });
      expect(await world.openOf(companyId)).toEqual([invitation]);
      expect(await world.received(person)).toEqual([invitation]);
      // Until then the company sees nothing of the account, and the person nothing of the company.
      expect(await world.roleOf(companyId, person)).toBeUndefined();
      const members = { id: companyId };
      expect(
        (await world.server.gql(CompanyMembersDocument, members, person.token)).data?.company,
      ).toBeNull();

      const accepted = await world.accept(person, invitation.id);
      expect(accepted.data?.acceptInvitation).toMatchObject({
        role: "AGENT",
        user: { id: person.id },
        company: { id: companyId },
      });
      const { data } = await world.server.gql(ReceivedInvitationsDocument, {}, person.token);
      expect(data?.viewer).toEqual({
        invitations: [],
        memberships: [{ role: "AGENT", company: { id: companyId } }],
      });
      expect(await world.openOf(companyId)).toEqual([]);
      const seen = await world.server.gql(CompanyMembersDocument, members, person.token);
      expect(seen.data?.company?.memberships.nodes).toContainEqual({
        role: "AGENT",
        user: { id: person.id, email: person.email, name: "Nora New" },
      });
    });

    it("leaves entries in the company's audit log of who asked, accepted, became a member and took back", async () => {
      const own = await world.newCompany();
      const person = await world.newPerson();
      const { id } = await world.invite(own, person.email, "CUSTOMER");
      await world.accept(person, id);
      const other = await world.invite(own, world.newAddress());
      await world.revoke(other.id);
      const log = await sql()`select action, actor_id, subject_id, details->>'email' as email
      from audit_log where company_id = ${own} and subject_type = 'invitation' order by id`;
      const { id: managerId } = world.people.manager;
      expect([...log]).toEqual([
        { action: "invitation.created", actor_id: managerId, subject_id: id, email: person.email },
        { action: "invitation.accepted", actor_id: person.id, subject_id: id, email: person.email },
        { action: "invitation.created", actor_id: managerId, subject_id: other.id, email: other.email },
        { action: "invitation.revoked", actor_id: managerId, subject_id: other.id, email: other.email },
      ]);
      const made = await sql()`select details from audit_log
      where company_id = ${own} and action = 'membership.set' and actor_id = ${person.id}`;
      expect([...made]).toEqual([{ details: { userId: person.id, role: "CUSTOMER" } }]);
    });

    it("waits for who has no account yet, whether an administrator or the command line makes it", async () => {
      const [byAdmin, byOperator] = [world.newAddress(), world.newAddress()];
      const [first, second] = [
        await world.invite(companyId, byAdmin),
        await world.invite(companyId, byOperator),
      ];
      expect(await world.received(await world.newPerson(byAdmin))).toEqual([first]);
      const { operatorAccounts } = world.server.services;
      await operatorAccounts.create({ email: byOperator, name: "Ora Operated", isAdmin: false });
      await operatorAccounts.setPassword(byOperator, "a long enough password");
      const { data } = await world.server.gql(SignInDocument, {
        input: { email: byOperator, password: "a long enough password" },
      });
      const person = { id: data!.signIn.viewer.user!.id, token: data!.signIn.accessToken };
      expect(await world.received(person)).toEqual([second]);
      expect(codeIn(await world.accept(person, second.id))).toBe("ok");
      expect(await world.roleOf(companyId, person)).toBe("AGENT");
    });

    it("is accepted once, also by twenty requests at once", async () => {
      const { person, invitation } = await world.invited(companyId);
      const codes = (await times(20, () => world.accept(person, invitation.id))).map(codeIn);
      expect(codes.filter((code) => code !== "NOT_FOUND")).toEqual(["ok"]);
      expect(codeIn(await world.accept(person, invitation.id))).toBe("NOT_FOUND");
      expect(await sql()`select role from memberships where user_id = ${person.id}`).toHaveLength(1);
      const entries =
        await sql()`select from audit_log where actor_id = ${person.id} and company_id = ${companyId}`;
      expect(entries).toHaveLength(2);
    });

    it("that is revoked is accepted no more, and of both at once one comes first", async () => {
      const person = await world.newPerson();
      for (let round = 0; round < 20; round++) {
        const invitation = await world.invite(companyId, person.email);
        const both = [world.accept(person, invitation.id), world.revoke(invitation.id)];
        const [accepted, revoked] = (await Promise.all(both)).map(codeIn);
        expect([accepted, revoked].sort()).toEqual(["NOT_FOUND", "ok"]);
        expect(await world.roleOf(companyId, person)).toBe(accepted === "ok" ? "AGENT" : undefined);
        if (accepted === "ok") await world.dismiss(companyId, person);
        else expect(await world.whatIsLeftOf(companyId, { person, invitation })).toEqual([]);
      }
    });

    it("that is accepted and declined at once is one of both", async () => {
      const person = await world.newPerson();
      for (let round = 0; round < 10; round++) {
        const { id } = await world.invite(companyId, person.email);
        const codes = (await Promise.all([world.accept(person, id), world.decline(person, id)])).map(codeIn);
        expect([...codes].sort()).toEqual(["NOT_FOUND", "ok"]);
        expect(await world.roleOf(companyId, person)).toBe(codes[0] === "ok" ? "AGENT" : undefined);
        if (codes[0] === "ok") await world.dismiss(companyId, person);
      }
    });

    it("is nobody else's to answer, and tells nobody else that it is there", async () => {
      const { invitation } = await world.invited(companyId);
      const { agent, manager: asker, outsideManager, requester, stranger } = world.people;
      const unlike = (text: unknown) => JSON.stringify(text).replaceAll(invitation.id, "…");
      for (const other of [agent, asker, outsideManager, requester, stranger]) {
        for (const answer of [world.accept, world.decline]) {
          const told = await answer(other, invitation.id);
          const ofNothing = await answer(other, randomUUID());
          expect(codeIn(told)).toBe("NOT_FOUND");
          expect(unlike(told.errors)).toBe(unlike(ofNothing.errors));
        }
        if (other !== asker) expect(codeIn(await world.revoke(invitation.id, other))).toBe("NOT_FOUND");
      }
      expect(codeIn(await world.accept(stranger, "no id"))).toBe("NOT_FOUND");
    });

    it("is one of a thousand at most, and may still be made anew for an address that has one", async () => {
      const full = await world.newCompany();
      await sql()`insert into invitations (id, company_id, email, role, invited_by, expires_at)
      select gen_random_uuid(), ${full}, 'invited-' || n || '@example.com', 'CUSTOMER', ${world.people.manager.id},
        now() + interval '1 day' from generate_series(1, 1000) n`;
      const invite = (email: string) =>
        world.server.gql(
          InviteMemberDocument,
          { input: { companyId: full, email, role: "AGENT" } },
          manager(),
        );
      const refused = await invite("one-more@example.com");
      expect(refused.errors).toMatchObject([
        { extensions: { code: "QUOTA_EXCEEDED", status: 409, limit: 1_000 } },
      ]);
      expect(codeIn(await invite("invited-7@example.com"))).toBe("ok");
      await sql()`update invitations set expires_at = now() where email = 'invited-8@example.com'`;
      expect(codeIn(await invite("one-more@example.com"))).toBe("ok");
    });

    it("is made and listed by managers and administrators alone", async () => {
      const { agent, requester, outsideManager, admin: administrator } = world.people;
      const asked = async ({ token }: SignedIn) => {
        const input = { companyId, email: world.newAddress(), role: "CUSTOMER" } as const;
        return [
          codeIn(await world.server.gql(InviteMemberDocument, { input }, token)),
          codeIn(await world.server.gql(CompanyInvitationsDocument, { id: companyId }, token)),
        ];
      };
      expect(await asked(agent)).toEqual(["FORBIDDEN", "FORBIDDEN"]);
      expect(await asked(requester)).toEqual(["FORBIDDEN", "FORBIDDEN"]);
      // Whoever does not see the company is answered null for it.
      expect(await asked(outsideManager)).toEqual(["NOT_FOUND", "ok"]);
      expect(await asked(administrator)).toEqual(["ok", "ok"]);
    });
  });

  describe("an invitation that was declined", () => {
    it("is gone for the person, and looks to the company as if nobody had answered", async () => {
      const one = await world.invited(companyId);
      const { id } = one.invitation;
      const before = await world.openOf(companyId);
      expect((await world.decline(one.person, id)).data?.declineInvitation).toEqual(one.invitation);
      expect(await world.openOf(companyId)).toEqual(before);
      expect(await world.received(one.person)).toEqual([]);
      expect(codeIn(await world.accept(one.person, id))).toBe("NOT_FOUND");
      expect(codeIn(await world.decline(one.person, id))).toBe("NOT_FOUND");
      const entries = await sql()`select company_id, actor_id from audit_log
      where subject_id = ${id} and action = 'invitation.declined'`;
      expect([...entries]).toEqual([{ company_id: null, actor_id: one.person.id }]);
      expect((await world.revoke(id)).data?.revokeInvitation).toEqual(one.invitation);
    });

    it("can be made anew, and is then a new question", async () => {
      const { person, invitation } = await world.invited(companyId, "AGENT");
      await world.decline(person, invitation.id);
      const again = await world.invite(companyId, person.email, "CUSTOMER");
      expect(await world.received(person)).toEqual([again]);
      expect(codeIn(await world.accept(person, again.id))).toBe("ok");
      expect(await world.roleOf(companyId, person)).toBe("CUSTOMER");
    });
  });

  describe("whoever is invited anew", () => {
    it("has one invitation, and accepts no role that they were not shown", async () => {
      const { person, invitation } = await world.invited(companyId, "CUSTOMER");
      const again = await world.invite(companyId, person.email, "MANAGER");
      expect(again.id).not.toBe(invitation.id);
      expect(codeIn(await world.accept(person, invitation.id))).toBe("NOT_FOUND");
      expect(await world.received(person)).toEqual([again]);
      expect(idsOf(await world.openOf(companyId))).not.toContain(invitation.id);
      expect(await sql()`select from invitations where email = ${person.email}`).toHaveLength(1);
    });

    it("by twenty requests at once has one invitation", async () => {
      const email = world.newAddress();
      const made = await times(20, () => world.invite(companyId, email));
      const open = (await world.openOf(companyId)).filter((invitation) => invitation.email === email);
      expect(open).toHaveLength(1);
      expect(idsOf(made)).toContain(open[0]?.id);
    });

    it("while an earlier invitation is over finds the new one", async () => {
      const { person, invitation } = await world.invited(companyId);
      await sql()`update invitations set expires_at = now() where id = ${invitation.id}`;
      const again = await world.invite(companyId, person.email);
      expect(await world.received(person)).toEqual([again]);
    });
  });

  describe("a member", () => {
    it("is not invited, and gets another role at once", async () => {
      const { agent } = world.people;
      const input = { companyId, email: agent.email, role: "MANAGER" } as const;
      const told = await world.server.gql(InviteMemberDocument, { input }, manager());
      expect(told.errors?.[0]).toMatchObject({
        message: `${agent.email} is a member of the company already: give them another role with setMembership.`,
        extensions: { code: "CONFLICT", field: "email" },
      });
      expect(codeIn(await world.server.gql(SetMembershipDocument, { input }, manager()))).toBe("ok");
      expect(await world.roleOf(companyId, agent)).toBe("MANAGER");
      await world.server.gql(SetMembershipDocument, { input: { ...input, role: "AGENT" } }, manager());
      expect(await world.roleOf(companyId, agent)).toBe("AGENT");
    });

    it("is made at once by an administrator, which ends an open invitation", async () => {
      const { person, invitation } = await world.invited(companyId, "CUSTOMER");
      const input = { companyId, email: person.email, role: "AGENT" } as const;
      expect(codeIn(await world.server.gql(SetMembershipDocument, { input }, admin()))).toBe("ok");
      expect(await world.received(person)).toEqual([]);
      expect(idsOf(await world.openOf(companyId))).not.toContain(invitation.id);
      expect(codeIn(await world.accept(person, invitation.id))).toBe("NOT_FOUND");
      expect(await world.roleOf(companyId, person)).toBe("AGENT");
      const unknown = { ...input, email: world.newAddress() };
      expect(codeIn(await world.server.gql(SetMembershipDocument, { input: unknown }, admin()))).toBe(
        "NOT_FOUND",
      );
    });

    it("who gets an invited address keeps the role that they have, and finds no invitation", async () => {
      const person = await world.newPerson();
      const input = { companyId, email: person.email, role: "AGENT" } as const;
      await world.server.gql(SetMembershipDocument, { input }, admin());
      const invitation = await world.invite(companyId, world.newAddress(), "CUSTOMER");
      const change = { id: person.id, email: invitation.email };
      expect(codeIn(await world.server.gql(UpdateUserDocument, { input: change }, admin()))).toBe("ok");
      expect(await world.received(person)).toEqual([]);
      expect(codeIn(await world.accept(person, invitation.id))).toBe("NOT_FOUND");
      expect(await world.roleOf(companyId, person)).toBe("AGENT");
    });
  });

  describe("the list of a company's invitations", () => {
    it("turns its pages in both directions, and counts what is open", async () => {
      const own = await world.newCompany();
      const made: string[] = [];
      for (let index = 0; index < 5; index++) made.push((await world.invite(own, world.newAddress())).id);
      const page = async (variables: object) => {
        const { data } = await world.server.gql(
          CompanyInvitationsDocument,
          { id: own, ...variables },
          manager(),
        );
        return data!.company!.invitations;
      };
      const first = await page({ first: 2 });
      const second = await page({ first: 2, after: first.pageInfo.endCursor });
      const last = await page({ first: 2, after: second.pageInfo.endCursor });
      expect([first, second, last].flatMap(({ nodes }) => idsOf(nodes))).toEqual(made);
      expect([first.totalCount, last.pageInfo.hasNextPage, first.pageInfo.hasNextPage]).toEqual([
        5,
        false,
        true,
      ]);
      const back = await page({ last: 2, before: last.pageInfo.startCursor });
      expect(idsOf(back.nodes)).toEqual(made.slice(2, 4));
      const refused = await world.server.gql(CompanyInvitationsDocument, { id: own, first: 101 }, manager());
      expect(codeIn(refused)).toBe("BAD_USER_INPUT");
    });

    it("has nothing of another company's", async () => {
      const [own, other] = [await world.newCompany(), await world.newCompany()];
      const email = world.newAddress();
      const [here, there] = [await world.invite(own, email), await world.invite(other, email)];
      expect(idsOf(await world.openOf(own))).toEqual([here.id]);
      expect(idsOf(await world.openOf(other))).toEqual([there.id]);
      expect(idsOf(await world.received(await world.newPerson(email)))).toEqual([here.id, there.id]);
    });
  });
});
