import { randomUUID } from "node:crypto";
import { DEMO_PASSWORD } from "../../src/app/demo/demo-people.js";
import type {
  AcceptInvitationMutation,
  DeclineInvitationMutation,
  InvitationFieldsFragment,
  MembershipRole,
  RevokeInvitationMutation,
} from "./generated/operations.js";
import {
  AcceptInvitationDocument,
  CompanyInvitationsDocument,
  CompanyMembersDocument,
  CreateUserDocument,
  DeclineInvitationDocument,
  InviteMemberDocument,
  ReceivedInvitationsDocument,
  RemoveMembershipDocument,
  RevokeInvitationDocument,
  SetMembershipDocument,
} from "./generated/operations.js";
import type { GraphQLAnswer } from "./test-client.js";
import { codeIn } from "./test-client.js";
import type { SignedIn, TestServerOptions } from "./test-server.js";
import type { TicketWorld } from "./ticket-world.js";
import { startTicketWorld } from "./ticket-world.js";

type By = Pick<SignedIn, "token">;

export interface InvitationWorld extends TicketWorld {
  /** An address that nobody has. */
  newAddress(): string;
  /** Somebody with an account who belongs to no company, signed in. */
  newPerson(email?: string): Promise<SignedIn>;
  /** Somebody who manages a company besides the cast's manager. */
  newManager(companyId: string): Promise<SignedIn>;
  /** By the cast's manager unless said otherwise. */
  invite(companyId: string, email: string, role?: MembershipRole, by?: By): Promise<InvitationFieldsFragment>;
  /** What the person finds. */
  received(by: By): Promise<readonly InvitationFieldsFragment[]>;
  /** What the company's managers find. */
  openOf(companyId: string, by?: By): Promise<readonly InvitationFieldsFragment[]>;
  /** A person with an account, and an invitation to their address. */
  invited(companyId: string, role?: MembershipRole): Promise<Asked>;
  accept(by: By, id: string): Promise<GraphQLAnswer<AcceptInvitationMutation>>;
  decline(by: By, id: string): Promise<GraphQLAnswer<DeclineInvitationMutation>>;
  /** By the cast's manager unless said otherwise. */
  revoke(id: string, by?: By): Promise<GraphQLAnswer<RevokeInvitationMutation>>;
  /** Ends a membership. */
  dismiss(companyId: string, person: Pick<SignedIn, "id">): Promise<unknown>;
  /** Who still finds an invitation, or can do something with it: nobody, once it is over. */
  whatIsLeftOf(companyId: string, asked: Asked): Promise<string[]>;
  /** The role that somebody has in a company, as its managers see it. */
  roleOf(companyId: string, person: Pick<SignedIn, "id">): Promise<MembershipRole | undefined>;
}

/** Somebody, and what they were asked. */
export interface Asked {
  readonly person: SignedIn;
  readonly invitation: InvitationFieldsFragment;
}

export const idsOf = (invitations: readonly { readonly id: string }[]) => invitations.map(({ id }) => id);

export async function startInvitationWorld(options?: TestServerOptions): Promise<InvitationWorld> {
  const world = await startTicketWorld(options);
  const { server, people } = world;
  const newAddress = () => `${randomUUID()}@example.test`;
  const newPerson = async (email = newAddress()) => {
    const input = { email, name: "Nora New", password: DEMO_PASSWORD };
    await server.gql(CreateUserDocument, { input }, people.admin.token);
    return server.signInAs(email);
  };
  const invite: InvitationWorld["invite"] = async (
    companyId,
    email,
    role = "AGENT",
    { token } = people.manager,
  ) => {
    const { data } = await server.gql(InviteMemberDocument, { input: { companyId, email, role } }, token);
    return data!.inviteMember;
  };
  const received: InvitationWorld["received"] = async ({ token }) =>
    (await server.gql(ReceivedInvitationsDocument, {}, token)).data!.viewer!.invitations;
  const openOf: InvitationWorld["openOf"] = async (id, { token } = people.manager) => {
    const { data } = await server.gql(CompanyInvitationsDocument, { id, first: 100 }, token);
    return data?.company?.invitations.nodes ?? [];
  };
  const accept: InvitationWorld["accept"] = ({ token }, id) =>
    server.gql(AcceptInvitationDocument, { id }, token);
  const decline: InvitationWorld["decline"] = ({ token }, id) =>
    server.gql(DeclineInvitationDocument, { id }, token);
  const revoke: InvitationWorld["revoke"] = (id, { token } = people.manager) =>
    server.gql(RevokeInvitationDocument, { id }, token);
  return {
    ...world,
    newAddress,
    newPerson,
    async newManager(companyId) {
      const person = await newPerson();
      const input = { companyId, email: person.email, role: "MANAGER" } as const;
      await server.gql(SetMembershipDocument, { input }, people.admin.token);
      return person;
    },
    invite,
    async invited(companyId, role) {
      const person = await newPerson();
      return { person, invitation: await invite(companyId, person.email, role) };
    },
    received,
    openOf,
    accept,
    decline,
    revoke,
    dismiss: (companyId, { id: userId }) =>
      server.gql(RemoveMembershipDocument, { input: { companyId, userId } }, people.admin.token),
    async whatIsLeftOf(companyId, { person, invitation: { id } }) {
      const left: string[] = [];
      if (idsOf(await received(person)).includes(id)) left.push("the person finds it");
      if (idsOf(await openOf(companyId, people.admin)).includes(id)) left.push("the company lists it");
      const answers = {
        accept: accept(person, id),
        decline: decline(person, id),
        revoke: revoke(id, people.admin),
      };
      for (const [action, answer] of Object.entries(answers))
        if (codeIn(await answer) !== "NOT_FOUND") left.push(`${action}: ${codeIn(await answer)}`);
      return left;
    },
    async roleOf(id, person) {
      const { data } = await server.gql(CompanyMembersDocument, { id }, people.admin.token);
      return data!.company!.memberships.nodes.find(({ user }) => user.id === person.id)?.role;
    },
  };
}
