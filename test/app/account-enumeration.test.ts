import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import {
  CompanyInvitationsDocument,
  CreateUserDocument,
  DeactivateUserDocument,
  InviteMemberDocument,
  RevokeInvitationDocument,
  SetMembershipDocument,
  SignInDocument,
  UpdateUserDocument,
  UsersDocument,
} from "../support/generated/operations.js";
import type { InvitationWorld } from "../support/invitation-world.js";
import { startInvitationWorld } from "../support/invitation-world.js";
import { codeIn } from "../support/test-client.js";

let world: InvitationWorld;
let companyId: string;
let ticketId: string;
let conversationId: string;
const statements: string[] = [];

const manager = () => world.people.manager.token;

/** Addresses, each with how much there is behind it. */
async function addresses(): Promise<Record<string, string>> {
  const [member, single, lockedOut] = [
    await world.newPerson(),
    await world.newPerson(),
    await world.newPerson(),
  ];
  const elsewhere = await world.newCompany();
  const input = { companyId: elsewhere, email: member.email, role: "AGENT" } as const;
  await world.server.gql(SetMembershipDocument, { input }, world.people.admin.token);
  await world.server.gql(DeactivateUserDocument, { id: lockedOut.id }, world.people.admin.token);
  return {
    "nobody's": world.newAddress(),
    "a member's of another company": member.email,
    "somebody's of no company": single.email,
    "somebody's who is locked out": lockedOut.email,
  };
}

const UUID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;
const TIME = /\d{4}-\d\d-\d\dT[\d:.]+Z/g;
const CURSOR = /"(start|end)Cursor":"[\w-]+"/g;

/** An answer without what is different for each: its ids, its moments, the address that was asked for. */
function comparable(answer: { status: number; data?: unknown; errors?: unknown }, address = ""): string {
  const { status, data, errors } = answer;
  const told = JSON.stringify({ status, data, errors });
  return (address ? told.replaceAll(address, "…") : told)
    .replace(UUID, "…")
    .replace(TIME, "…")
    .replace(CURSOR, "…");
}

/** What is run on the database, apart from what depends on how long ago something else was. */
const statementsRun = () =>
  statements.splice(0).filter((text) => !/pg_catalog|rate_limits|pgboss/.test(text));

describe("accounts are not told", () => {
  beforeAll(async () => {
    world = await startInvitationWorld({ onStatement: (statement) => statements.push(statement) });
    companyId = await world.newCompany();
    ticketId = (await world.openTicket(world.people.manager, { companyId })).id;
    const start = `mutation ($companyId: ID!) { startConversation(input: { companyId: $companyId }) { id } }`;
    const { data } = await world.server.gql<{ startConversation: { id: string } }>(
      start,
      { companyId },
      manager(),
    );
    conversationId = data!.startConversation.id;
  });

  afterAll(() => world?.close());

  describe("a manager is told nothing of whether an e-mail address has an account", () => {
    /** All that a manager can do with an address, each with what it is answered and with what is run for it. */
    async function everythingWith(email: string) {
      const input = { companyId, email, role: "AGENT" } as const;
      const told: { answer: string; run: string[] }[] = [];
      const step = async <Answer extends { status: number; data?: unknown; errors?: unknown }>(
        act: () => Promise<Answer>,
      ): Promise<Answer> => {
        statements.length = 0;
        const answer = await act();
        told.push({ answer: comparable(answer, email), run: statementsRun() });
        return answer;
      };
      const { gql } = world.server;
      const list = () => gql(CompanyInvitationsDocument, { id: companyId, last: 1 }, manager());
      await step(() => gql(SetMembershipDocument, { input }, manager()));
      await step(() => gql(InviteMemberDocument, { input }, manager()));
      await step(() => gql(SetMembershipDocument, { input }, manager()));
      const again = await step(() => gql(InviteMemberDocument, { input }, manager()));
      await step(list);
      const { id } = again.data!.inviteMember;
      const revoked = await step(() => gql(RevokeInvitationDocument, { id }, manager()));
      expect(codeIn(revoked)).toBe("ok");
      await step(() => gql(RevokeInvitationDocument, { id }, manager()));
      await step(list);
      return told;
    }

    it("by the answers, or by what is done for them", async () => {
      const asked = Object.entries(await addresses());
      // Each once before: what is only done the first time is done.
      for (const [, email] of asked) await everythingWith(email);
      const told: Record<string, Awaited<ReturnType<typeof everythingWith>>> = {};
      for (const [what, email] of asked) told[what] = await everythingWith(email);
      const { "nobody's": ofNobody, ...others } = told;
      expect(ofNobody!.every(({ run }) => run.length > 1)).toBe(true);
      for (const [what, ofSomebody] of Object.entries(others))
        expect({ [what]: ofSomebody }).toEqual({ [what]: ofNobody });
    });

    it("nor by an invitation that somebody has turned down", async () => {
      const person = await world.newPerson();
      const [answered, open] = [
        await world.invite(companyId, person.email),
        await world.invite(companyId, world.newAddress()),
      ];
      await world.decline(person, answered.id);
      expect(await world.openOf(companyId)).toEqual([answered, open]);
      const again = { companyId, email: person.email, role: "AGENT" } as const;
      const told = [again, { ...again, email: open.email }].map(async (input) =>
        comparable(await world.server.gql(InviteMemberDocument, { input }, manager()), input.email),
      );
      const [first, second] = await Promise.all(told);
      expect(first).toBe(second);
    });

    it.each<readonly [string, (email: string) => Promise<string>, code: string]>([
      [
        "createUser",
        async (email) =>
          comparable(
            await world.server.gql(CreateUserDocument, { input: { email, name: "Mine" } }, manager()),
            email,
          ),
        "FORBIDDEN",
      ],
      [
        "updateUser of oneself",
        async (email) => {
          const input = { id: world.people.manager.id, email };
          return comparable(await world.server.gql(UpdateUserDocument, { input }, manager()), email);
        },
        "FORBIDDEN",
      ],
      [
        "users",
        async (email) =>
          comparable(await world.server.gql(UsersDocument, { search: email }, manager()), email),
        "FORBIDDEN",
      ],
      [
        "signIn",
        async (email) => {
          const input = { email, password: "a guess at a password" };
          return comparable(await world.server.gql(SignInDocument, { input }), email);
        },
        "UNAUTHENTICATED",
      ],
    ])("nor by %s", async (_what, ask, code) => {
      const { "nobody's": nobodys, ...others } = await addresses();
      const ofNobody = await ask(nobodys!);
      expect(ofNobody).toContain(code);
      for (const email of Object.values(others)) expect(await ask(email)).toBe(ofNobody);
    });
  });

  describe("a manager who has the id of an account outside of the company is told nothing of it", () => {
    const inTicket = "input: { ticketId: $about, userId: $id }";
    const inConversation = "input: { conversationId: $about, userId: $id }";

    it.each<readonly [string, () => string]>([
      ["query ($id: ID!) { told: user(id: $id) { name } }", () => ""],
      ["query ($id: ID!) { told: tickets(filter: { requesterId: $id }) { totalCount } }", () => ""],
      ["query ($id: ID!) { told: tickets(filter: { assigneeId: $id }) { totalCount } }", () => ""],
      [`mutation ($id: ID!, $about: ID!) { told: addParticipant(${inTicket}) { id } }`, () => ticketId],
      [`mutation ($id: ID!, $about: ID!) { told: removeParticipant(${inTicket}) { id } }`, () => ticketId],
      [
        "mutation ($id: ID!, $about: ID!) { told: updateTicket(input: { id: $about, assigneeId: $id }) { id } }",
        () => ticketId,
      ],
      [
        `mutation ($id: ID!, $about: ID!) { told: addConversationParticipant(${inConversation}) { id } }`,
        () => conversationId,
      ],
      [
        `mutation ($id: ID!, $about: ID!) { told: removeConversationParticipant(${inConversation}) { id } }`,
        () => conversationId,
      ],
      [
        "mutation ($id: ID!, $about: ID!) { told: startConversation(input: { companyId: $about, participantIds: [$id] }) { id } }",
        () => companyId,
      ],
      [
        "mutation ($id: ID!, $about: ID!) { told: removeMembership(input: { companyId: $about, userId: $id }) { id } }",
        () => companyId,
      ],
      ['mutation ($id: ID!) { told: updateUser(input: { id: $id, name: "Mine" }) { id } }', () => ""],
      ["mutation ($id: ID!) { told: deactivateUser(id: $id) { id } }", () => ""],
      ["mutation ($id: ID!) { told: reactivateUser(id: $id) { id } }", () => ""],
      ["mutation ($id: ID!) { told: createPasswordReset(userId: $id) { token } }", () => ""],
    ])("by %s", async (query, about) => {
      const ask = async (id: string) => {
        const variables = { id, ...(query.includes("$about") && { about: about() }) };
        return comparable(await world.server.gql(query, variables, manager()));
      };
      const ofNobody = await ask(randomUUID());
      expect(ofNobody).not.toContain("GRAPHQL_VALIDATION_FAILED");
      expect(await ask(world.people.stranger.id)).toBe(ofNobody);
    });
  });
});
