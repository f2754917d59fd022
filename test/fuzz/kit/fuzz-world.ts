import { randomUUID } from "node:crypto";
import { createTokenIssuer } from "../../../src/modules/identity/sessions/access-token.js";
import { makePdf } from "../../support/make-files.js";
import type { FuzzServer } from "./fuzz-server.js";

/** A company of its own with people, a ticket, a conversation and files: what a case may spoil without spoiling others. */
export interface World {
  /** Ids of objects that exist, by what they are. */
  readonly ids: Readonly<Record<IdName, string>>;
  readonly callers: readonly Caller[];
  /** An agent of the company: may upload to every bucket. */
  readonly agent: Caller & { readonly token: string };
}

export interface Caller {
  readonly name: string;
  readonly token?: string;
}

type IdName =
  | "companyId"
  | "ticketId"
  | "replyId"
  | "conversationId"
  | "messageId"
  | "mediaFileId"
  | "attachmentId"
  | "seriesId"
  | "userId"
  | "stagedUploadId";

const LIFETIME_MS = 24 * 3_600_000;
const ROLES = { customer: "CUSTOMER", agent: "AGENT", manager: "MANAGER", admin: null } as const;
type Name = keyof typeof ROLES;

interface Person {
  readonly id: string;
  readonly token: string;
}

/** People are inserted as rows: they outlive what cases do to others, and nobody waits for hashes of passwords. */
export async function openWorld({
  port,
  secret,
  sql,
}: Pick<FuzzServer, "port" | "secret" | "sql">): Promise<World> {
  const companyId = randomUUID();
  await sql`insert into companies (id, slug, name) values (${companyId}, ${`fuzz-${companyId}`}, 'Fuzz')`;
  const issue = createTokenIssuer({ secret, clock: () => new Date(), lifetimeMs: LIFETIME_MS });
  const people = {} as Record<Name, Person>;
  for (const name of Object.keys(ROLES) as Name[]) {
    const [id, sessionId] = [randomUUID(), randomUUID()];
    await sql`insert into users (id, email, name, is_admin)
      values (${id}, ${`${name}-${id}@fuzz.test`}, ${name}, ${name === "admin"})`;
    if (ROLES[name])
      await sql`insert into memberships (id, company_id, user_id, role)
        values (${randomUUID()}, ${companyId}, ${id}, ${ROLES[name]}::membership_role)`;
    await sql`insert into sessions (id, user_id, refresh_token_hash, expires_at)
      values (${sessionId}, ${id}, ${sessionId}, now() + interval '1 day')`;
    people[name] = { id, token: (await issue({ userId: id, sessionId })).accessToken };
  }
  const { ids, guestToken } = await furnish(port, companyId, people);
  const callers = Object.entries(people).map(([name, { token }]) => ({ name, token }));
  return {
    ids: { ...ids, companyId, userId: people.customer.id },
    callers: [{ name: "nobody" }, { name: "guest", token: guestToken }, ...callers],
    agent: { name: "agent", token: people.agent.token },
  };
}

async function furnish(port: number, companyId: string, { customer, agent }: Record<Name, Person>) {
  const as = (person: Person) => (query: string, variables: object) =>
    postJson(port, person.token, query, variables);
  const id = (answer: Record<string, unknown>) => (Object.values(answer)[0] as { id: string }).id;
  const make = async (person: Person, name: string, input: object, type = `${capital(name)}Input`) =>
    id(await as(person)(`mutation ($i: ${type}!) { ${name}(input: $i) { id } }`, { i: input }));
  const ticketId = await make(customer, "createTicket", { companyId, subject: "The lamp flickers" });
  const replyId = await make(customer, "addReply", { ticketId, body: "It still does" });
  const conversationId = await make(agent, "startConversation", { companyId });
  const messageId = await make(agent, "sendMessage", { conversationId, body: "Which one?" });
  const upload = (query: string, input: object, path: string) =>
    postFile(port, agent.token, { query, variables: { i: input } }, path);
  const mediaFileId = id(
    await upload(
      "mutation ($i: UploadMediaInput!) { uploadMedia(input: $i) { id } }",
      { companyId, bucket: "ATTACHMENTS", file: null },
      "variables.i.file",
    ),
  );
  const { uploadTicketAttachments: attachments } = await upload(
    "mutation ($i: UploadTicketAttachmentsInput!) { uploadTicketAttachments(input: $i) { id } }",
    { ticketId, files: [null] },
    "variables.i.files.0",
  );
  const { startUpload } = await as(agent)(
    "mutation ($i: StartUploadInput!) { startUpload(input: $i) { id } }",
    { i: { companyId, bucket: "ATTACHMENTS", fileName: "a.txt", size: 10 } },
  );
  const { inviteGuest } = await as(agent)(
    "mutation ($i: InviteGuestInput!) { inviteGuest(input: $i) { token } }",
    { i: { conversationId, displayName: "Room 204" } },
  );
  const { joinAsGuest } = await postJson(
    port,
    undefined,
    "mutation ($t: String!) { joinAsGuest(token: $t) { accessToken } }",
    { t: (inviteGuest as { token: string }).token },
  );
  return {
    ids: {
      ticketId,
      replyId,
      conversationId,
      messageId,
      mediaFileId,
      attachmentId: (attachments as { id: string }[])[0]!.id,
      seriesId: randomUUID(),
      stagedUploadId: (startUpload as { id: string }).id,
    },
    guestToken: (joinAsGuest as { accessToken: string }).accessToken,
  };
}

const capital = (name: string) => name[0]!.toUpperCase() + name.slice(1);

/** An honest request. @throws Error with what the server says against it */
async function postJson(port: number, token: string | undefined, query: string, variables: object) {
  return post(port, token, JSON.stringify({ query, variables }), { "content-type": "application/json" });
}

/** An honest upload of one small file. @throws Error with what the server says against it */
function postFile(port: number, token: string, operations: object, path: string) {
  const form = new FormData();
  form.append("operations", JSON.stringify(operations));
  form.append("map", JSON.stringify({ 0: [path] }));
  form.append("0", new Blob([new Uint8Array(makePdf(randomUUID()))]), "a.pdf");
  return post(port, token, form, {});
}

async function post(
  port: number,
  token: string | undefined,
  body: string | FormData,
  headers: Record<string, string>,
): Promise<Record<string, unknown>> {
  const response = await fetch(`http://127.0.0.1:${port}/graphql`, {
    method: "POST",
    headers: {
      "apollo-require-preflight": "true",
      ...(token && { authorization: `Bearer ${token}` }),
      ...headers,
    },
    body,
  });
  const { data, errors } = (await response.json()) as { data: Record<string, unknown>; errors?: unknown };
  if (errors) throw new Error(JSON.stringify(errors));
  return data;
}
