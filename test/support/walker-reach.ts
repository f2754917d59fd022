import type postgres from "postgres";
import type { TestServer } from "./test-server.js";
import type { WalkedCompany, WalkedWorld } from "./walked-world.js";

/** The things of acme that are none of the walker's: of each kind the ids, deleted things among them. */
export interface Outside {
  readonly companyId: string;
  readonly slug: string;
  readonly userId: string;
  /** Of that person. */
  readonly sessionId: string;
  readonly seriesId: string;
  readonly ticketIds: readonly string[];
  readonly replyIds: readonly string[];
  readonly postIds: readonly string[];
  readonly attachmentIds: readonly string[];
  readonly mediaFileIds: readonly string[];
  readonly conversationIds: readonly string[];
  readonly messageIds: readonly string[];
  readonly guestIds: readonly string[];
  readonly apiKeyIds: readonly string[];
  readonly invitationIds: readonly string[];
  readonly stagedUploadIds: readonly string[];
  readonly webhookIds: readonly string[];
  readonly webhookDeliveryIds: readonly string[];
}

/** Somebody who goes where the schema leads. */
export interface Walker {
  readonly name: "guest" | "bystander" | "stranger" | "strangeAgent" | "strangeKey" | "nobody";
  readonly token?: string | undefined;
  readonly outside: Outside;
  /** Every id, address and hash that the walker may come to know. */
  readonly reach: ReadonlySet<string>;
  /** Root fields of queries with what is the walker's own. */
  readonly roots: readonly string[];
}

/** Logos are for everybody. */
const publicFiles = (sql: postgres.Sql) => sql`
  select media_file_id as id from media_usages where resource_type = 'company'`;

export async function walkersOf(world: WalkedWorld): Promise<readonly Walker[]> {
  const { server, acme, globex, bystander } = world;
  const { sql } = server.database;
  const [stranger, strangeAgent] = await Promise.all(
    ["customer@globex.test", "agent@globex.test"].map((email) => server.signInAs(email)),
  );
  const everything = await outsideOf(server, acme, null);
  const anybody = ["viewer", 'companyBranding(slug: "acme")', 'companyBranding(slug: "globex")'];
  const lists = [...anybody, "companies", "conversations", "tickets"];
  const shared = await idsOf(sql, publicFiles(sql));
  const ofGlobex = await reachOfCompany(sql, globex.id);
  const ofGuest = await reachOfConversation(sql, acme.lobby.id);
  const ofStranger = [...ofGlobex, ...(await reachOfInvited(sql, "customer@globex.test"))];
  const ofBystander = await reachOfBystander(sql, acme.id, bystander.id);
  const walker = (
    name: Walker["name"],
    token: string | undefined,
    reach: readonly string[],
    roots: string[],
  ) => ({
    name,
    token,
    outside: everything,
    reach: new Set([...shared, ...reach, ...sessionOf(token)]),
    roots,
  });
  const [file] = await sql<{ id: string; attachment: string }[]>`
    select a.media_file_id as id, a.id as attachment from attachments a join chat_messages m on m.id = a.message_id
    where m.conversation_id = ${acme.lobby.id} and a.deleted_at is null order by a.id`;
  return [
    {
      ...walker("guest", acme.lobby.guest.token, ofGuest, [
        ...lists,
        `conversation(id: "${acme.lobby.id}")`,
        `attachment(id: "${file!.attachment}")`,
        `mediaFile(id: "${file!.id}")`,
      ]),
      outside: await outsideOf(server, acme, acme.lobby.id),
    },
    walker("bystander", bystander.token, ofBystander, [...lists, `company(id: "${acme.id}")`]),
    walker("stranger", stranger!.token, ofStranger, [...lists, `company(id: "${globex.id}")`]),
    walker("strangeAgent", strangeAgent!.token, ofGlobex, [
      ...lists,
      `company(id: "${globex.id}")`,
      `mediaFiles(companyId: "${globex.id}")`,
    ]),
    walker("strangeKey", globex.key.token, ofGlobex, [
      ...anybody,
      `company(id: "${globex.id}")`,
      `mediaFiles(companyId: "${globex.id}")`,
    ]),
    walker("nobody", undefined, [], anybody),
  ];
}

async function idsOf(sql: postgres.Sql, statement: postgres.PendingQuery<postgres.Row[]>): Promise<string[]> {
  const rows = await sql<{ known: string | null }[]>`
    with ids as (${statement})
    select id::text as known from ids
    union all select b.sha256 from ids join media_files f on f.id = ids.id join blobs b on b.id = f.blob_id`;
  return rows.flatMap(({ known }) => known ?? []);
}

/** A guest knows its conversation and who is there, the company by its name, and what has been said. */
/** Its own session, which URLs of event streams are bound to. */
const sessionOf = (token: string | undefined): string[] => {
  const claims = token?.split(".")[1];
  const { sid } = claims ? JSON.parse(Buffer.from(claims, "base64url").toString()) : {};
  return typeof sid === "string" ? [sid] : [];
};

const reachOfConversation = (sql: postgres.Sql, id: string) =>
  idsOf(
    sql,
    sql`
      with told as (select * from chat_messages where conversation_id = ${id})
      select unnest(array[id, company_id, started_by, closed_by]) as id from conversations where id = ${id}
      union select user_id from conversation_participants where conversation_id = ${id}
      union select (payload->>'userId')::uuid from events where topic = ${`conversation:${id}`}
      union select (payload->>'messageId')::uuid from events where topic = ${`conversation:${id}`}
      union select id from guests where conversation_id = ${id} and joined_at is not null
      union select id from told union select sender_id from told
      union select a.id from attachments a join told on told.id = a.message_id
      union select a.media_file_id from attachments a join told on told.id = a.message_id
        where a.deleted_at is null and told.deleted_at is null`,
  );

/** Who works for a company, or asks something of it, may come to know all of it here: what in it is for whom, other tests say. */
const reachOfCompany = async (sql: postgres.Sql, id: string) => {
  const people = sql`select user_id from memberships where company_id = ${id}`;
  const addresses = await sql<{ email: string }[]>`select email from users where id in (${people})`;
  const topics = sql`select e.payload from events e join event_topics t on t.topic = e.topic where t.company_id = ${id}`;
  const ids = await idsOf(
    sql,
    sql`
      select ${id}::uuid as id union ${people}
      union select id from memberships where company_id = ${id}
      union select id from tickets where company_id = ${id}
      union select id from replies where company_id = ${id}
      union select id from attachments where company_id = ${id}
      union select id from media_files where company_id = ${id}
      union select id from media_usages where company_id = ${id}
      union select id from media_posts where company_id = ${id}
      union select id from staged_uploads where company_id = ${id}
      union select id from conversations where company_id = ${id}
      union select id from guests where company_id = ${id}
      union select id from api_keys where company_id = ${id}
      union select id from webhooks where company_id = ${id}
      union select id from webhook_deliveries where company_id = ${id}
      union select id from chat_messages where company_id = ${id}
      union select value::uuid from (${topics}) told, jsonb_each_text(told.payload) where value ~ '^[0-9a-f-]{36}$'`,
  );
  return [...ids, ...addresses.map(({ email }) => email)];
};

/** Of the company that it is for, and of itself. */
const reachOfBystander = async (sql: postgres.Sql, companyId: string, userId: string) => [
  ...(await idsOf(
    sql,
    sql`select ${companyId}::uuid as id union select ${userId}::uuid
      union select id from memberships where user_id = ${userId}`,
  )),
  "bystander@acme.test",
];

/** What somebody is asked, and by whom. */
const reachOfInvited = (sql: postgres.Sql, email: string) =>
  idsOf(
    sql,
    sql`select id from invitations where email = ${email} union select invited_by from invitations where email = ${email}`,
  );

/** Of each kind one for each state that it may be in: who asks for all the rest is told the same. */
async function outsideOf(
  { database: { sql } }: TestServer,
  { id: companyId, slug, seriesId }: WalkedCompany,
  inside: string | null,
): Promise<Outside> {
  const ids = async (rows: PromiseLike<readonly { id: string }[]>) => (await rows).map(({ id }) => id);
  const elsewhere = sql`conversation_id is distinct from ${inside}`;
  const said = sql`select id from chat_messages where conversation_id = ${inside}`;
  const kept = sql`select media_file_id from attachments where message_id in (${said})`;
  const looks = sql`select media_file_id from media_usages where resource_type in ('company', 'user')`;
  const [user] = await ids(sql`select id from users where email = ${`customer@${slug}.test`}`);
  const [session] = await ids(sql`select id from sessions where user_id = ${user!}`);
  return {
    companyId,
    slug,
    seriesId,
    userId: user!,
    sessionId: session!,
    ticketIds: await ids(sql`
      select distinct on (deleted_at is null, next.about is null) id from tickets
      left join lateral (select id as about from conversations c where c.ticket_id = tickets.id limit 1) next on true
      where company_id = ${companyId}`),
    replyIds: await ids(sql`
      select distinct on (deleted_at is null, is_internal) id from replies where company_id = ${companyId}`),
    stagedUploadIds: await ids(sql`select id from staged_uploads where company_id = ${companyId}`),
    postIds: await ids(sql`
      select distinct on (deleted_at is null, kind) id from media_posts where company_id = ${companyId}`),
    attachmentIds: await ids(sql`
      select distinct on (a.deleted_at is null, a.ticket_id is null, r.is_internal, m.deleted_at is null, a.uploader_id is null)
        a.id from attachments a left join replies r on r.id = a.reply_id left join chat_messages m on m.id = a.message_id
      where a.company_id = ${companyId} and m.conversation_id is distinct from ${inside}`),
    mediaFileIds: await ids(sql`
      select distinct on (bucket, deleted_at is null, version_of is null, uploader_id is null) id from media_files
      where company_id = ${companyId} and id not in (${kept}) and id not in (${looks})`),
    conversationIds: await ids(sql`
      select id from conversations where company_id = ${companyId} and id is distinct from ${inside}`),
    messageIds: await ids(sql`
      select distinct on (conversation_id, deleted_at is null, sender_id is null) id from chat_messages
      where company_id = ${companyId} and ${elsewhere}`),
    guestIds: await ids(sql`
      select distinct on (conversation_id, joined_at is null, revoked_at is null) id from guests
      where company_id = ${companyId} and ${elsewhere}`),
    apiKeyIds: await ids(sql`
      select distinct on (revoked_at is null) id from api_keys where company_id = ${companyId}`),
    webhookIds: await ids(sql`select id from webhooks where company_id = ${companyId}`),
    webhookDeliveryIds: await ids(sql`
      select distinct on (webhook_id) id from webhook_deliveries where company_id = ${companyId}`),
    invitationIds: await ids(sql`select id from invitations where email = ${`new@${slug}.test`}`),
  };
}

/** Ids, hashes and addresses, in the clear or in a cursor, that are not within reach. */
export function strangersIn(text: string, reach: ReadonlySet<string>): string[] {
  const plain = /^[\w-]+$/.test(text) ? `${text} ${Buffer.from(text, "base64url").toString("latin1")}` : text;
  const found = decoded(plain).match(NAMES) ?? [];
  return found.filter((name) => !reach.has(name));
}

const NAMES =
  /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\b[0-9a-f]{64}\b|[\w.+-]+@[\w-]+\.\w+/g;

const decoded = (text: string) => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};
