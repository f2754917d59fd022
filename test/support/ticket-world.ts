import type {
  AddReplyInput,
  AddReplyMutation,
  CreateTicketInput,
  CreateTicketMutation,
  MembershipRole,
  UploadTicketAttachmentsInput,
  UploadTicketAttachmentsMutation,
} from "./generated/operations.js";
import {
  AddParticipantDocument,
  AddReplyDocument,
  CreateTicketDocument,
  UploadTicketAttachmentsDocument,
} from "./generated/operations.js";
import { bearer } from "./test-client.js";
import type { SignedIn, TestServer, TestServerOptions } from "./test-server.js";
import { startTestServer } from "./test-server.js";

/** Who is what in a test's company; strangers belong to another one. */
const CAST = {
  requester: ["customer@acme.test", "CUSTOMER"],
  participant: ["customer2@acme.test", "CUSTOMER"],
  customer: ["customer2@globex.test", "CUSTOMER"],
  agent: ["agent@acme.test", "AGENT"],
  manager: ["manager@acme.test", "MANAGER"],
  admin: ["admin@filedesk.test", null],
  stranger: ["customer@globex.test", null],
  outsideManager: ["manager@globex.test", null],
} as const satisfies Record<string, readonly [email: string, role: MembershipRole | null]>;

export type Part = keyof typeof CAST;
export type People = Readonly<Record<Part, SignedIn>>;

export interface TicketWorld {
  readonly server: TestServer;
  readonly people: People;
  /** A company of its own, with the cast as its people. */
  newCompany(): Promise<string>;
  openTicket(by: SignedIn, input: Partial<CreateTicketInput> & Pick<CreateTicketInput, "companyId">): Opened;
  addReply(by: SignedIn, input: Partial<AddReplyInput> & Pick<AddReplyInput, "ticketId">): Answered;
  attach(by: SignedIn, input: UploadTicketAttachmentsInput): Attached;
  addParticipant(ticketId: string, person: SignedIn): Promise<void>;
  close(): Promise<void>;
}

type Opened = Promise<CreateTicketMutation["createTicket"]>;
type Attached = Promise<UploadTicketAttachmentsMutation["uploadTicketAttachments"]>;
type Answered = Promise<AddReplyMutation["addReply"]>;

export async function startTicketWorld(options?: TestServerOptions): Promise<TicketWorld> {
  const server = await startTestServer(options);
  const entries = Object.entries(CAST).map(async ([part, [email]]) => [part, await server.signInAs(email)]);
  const people = Object.fromEntries(await Promise.all(entries)) as People;
  let companies = 0;
  return {
    server,
    people,
    async newCompany() {
      const name = `desk-${++companies}`;
      const { data } = await server.gql<{ createCompany: { id: string } }>(
        `mutation ($slug: String!) { createCompany(input: { slug: $slug, name: $slug }) { id } }`,
        { slug: name },
        people.admin.token,
      );
      const companyId = data!.createCompany.id;
      for (const [email, role] of Object.values(CAST))
        if (role)
          await server.gql(
            `mutation ($input: SetMembershipInput!) { setMembership(input: $input) { role } }`,
            { input: { companyId, email, role } },
            people.admin.token,
          );
      return companyId;
    },
    async openTicket({ client }, input) {
      const variables = { input: { subject: "It hums", description: "All night.", ...input } };
      return (await client.mutate({ mutation: CreateTicketDocument, variables })).data!.createTicket;
    },
    async addReply({ client }, input) {
      const variables = { input: { body: "We will see.", ...input } };
      return (await client.mutate({ mutation: AddReplyDocument, variables })).data!.addReply;
    },
    async attach({ client }, input) {
      const variables = { input };
      const { data } = await client.mutate({ mutation: UploadTicketAttachmentsDocument, variables });
      return data!.uploadTicketAttachments;
    },
    async addParticipant(ticketId, { id: userId }) {
      const variables = { input: { ticketId, userId } };
      await people.agent.client.mutate({ mutation: AddParticipantDocument, variables });
    },
    close: () => server.close(),
  };
}

/** A small text file; no two are alike, so that no two share their bytes. */
export const textFile = (name = "note.txt") =>
  new File([`${name} of ${performance.now()} ${Math.random()}`], name, { type: "text/plain" });

/** The status of a download with somebody's own token, whatever signature the URL carries. */
export async function downloadStatus(url: string, person?: SignedIn): Promise<number> {
  const response = await fetch(url.split("?", 1)[0]!, { headers: bearer(person?.token) });
  await response.arrayBuffer();
  return response.status;
}
