import { randomBytes } from "node:crypto";
import { setTimeout as pass } from "node:timers/promises";
import type postgres from "postgres";
import type { Following } from "./follow-messages.js";
import { followMessages } from "./follow-messages.js";
import {
  CreateTicketDocument,
  SendMessageDocument,
  SignInDocument,
  StartConversationDocument,
  TicketsDocument,
} from "./generated/operations.js";
import { postFiles, sha256 } from "./post-files.js";
import { bearer, postGraphQL } from "./test-client.js";

/** What a client was told: an upload that was taken, by its subject. */
interface TakenUpload {
  readonly subject: string;
  readonly attachmentId: string;
  readonly sha256: string;
}

/** A request without the answer that it should have had. */
export interface FailedRequest {
  readonly what: "upload" | "query" | "message";
  readonly reason: string;
  readonly at: number;
}

export interface DeskTraffic {
  readonly failures: readonly FailedRequest[];
  readonly uploads: readonly TakenUpload[];
  /** Client ids of the messages that were acknowledged. */
  readonly messages: readonly string[];
  /** How many requests have been answered well. */
  readonly answered: number;
  /** Ends it when each has its last answer; it is followed until it is verified or abandoned. */
  stop(): Promise<void>;
  /** Ends all of it, whatever is under way. */
  abandon(): Promise<void>;
  /** @throws when something that was acknowledged is not there, or there twice, or not what it was */
  verify(url: string, sql: postgres.Sql): Promise<void>;
}

export interface TrafficOptions {
  readonly urlOf: () => string;
  readonly password: string;
  /** A pause between two requests of one client. */
  readonly pauseMs?: number;
}

/** Settings with which no limit is in its way. */
export const UNLIMITED = {
  UPLOADS_PER_MINUTE: "1000000",
  UPLOAD_FILES_PER_MINUTE: "1000000",
  UPLOADS_AT_ONCE: "1000",
  DOWNLOADS_PER_MINUTE: "1000000",
  SIGN_INS_PER_MINUTE: "1000000",
};

/** An agent who uploads, asks, writes messages and follows them, all at once, until it is stopped. */
export async function startDeskTraffic(options: TrafficOptions): Promise<DeskTraffic> {
  const { urlOf, password, pauseMs = 30 } = options;
  const { token, companyId } = await signIn(urlOf(), password);
  const started = await postGraphQL(urlOf(), StartConversationDocument, { input: { companyId } }, token);
  const conversationId = started.data!.startConversation.id;
  const following = followMessages({ urlOf, token, conversationId });
  const failures: FailedRequest[] = [];
  const uploads: TakenUpload[] = [];
  const messages: string[] = [];
  let answered = 0;
  let isStopped = false;
  let isAbandoned = false;

  const attempt = async (what: FailedRequest["what"], send: () => Promise<boolean>): Promise<boolean> => {
    let reason = "refused";
    try {
      if (await send()) {
        answered += 1;
        return true;
      }
    } catch (error) {
      reason = String((error as Error).cause ?? (error as Error).message);
    }
    failures.push({ what, reason, at: performance.now() });
    return false;
  };
  const repeat = async (step: (n: number) => Promise<unknown>) => {
    for (let n = 0; !isStopped; n++) {
      await step(n);
      await pass(pauseMs);
    }
  };
  const wellFormed = (answer: { status: number; errors?: unknown }): void => {
    if (answer.status !== 200 || answer.errors)
      throw new Error(`${answer.status} ${JSON.stringify(answer.errors)}`);
  };

  const upload = (who: string) => async (n: number) => {
    const bytes = Buffer.from(randomBytes(500 + ((n * 7919) % 60_000)).toString("hex"));
    const subject = `${who} ${n}`;
    const input = { companyId, subject, description: "" };
    await attempt("upload", async () => {
      const files = [{ name: "log.txt", bytes }];
      const answer = await postFiles(urlOf(), { query: CreateTicketDocument, input, files, token });
      wellFormed(answer);
      const attachmentId = answer.data!.createTicket.attachments.nodes[0]!.id;
      uploads.push({ subject, attachmentId, sha256: sha256(bytes) });
      return true;
    });
  };
  const ask = () =>
    attempt("query", async () => {
      const answer = await postGraphQL(urlOf(), TicketsDocument, { first: 10 }, token);
      wellFormed(answer);
      return answer.data!.tickets.edges.length > 0;
    });
  /** The same message again until it is acknowledged, as clients do. */
  const write = (who: string) => async (n: number) => {
    const clientId = `${who} ${n}`;
    const input = { conversationId, clientId, body: `This is ${clientId}.` };
    const send = async () => {
      const answer = await postGraphQL(urlOf(), SendMessageDocument, { input }, token);
      wellFormed(answer);
      return answer.data!.sendMessage.clientId === clientId;
    };
    while (!(await attempt("message", send))) {
      if (isAbandoned) return;
      await pass(100);
    }
    messages.push(clientId);
  };

  const run = `run ${randomBytes(4).toString("hex")}`;
  const working = Promise.all([
    repeat(upload(`${run} upload a`)),
    repeat(upload(`${run} upload b`)),
    repeat(ask),
    repeat(write("message a")),
    repeat(write("message b")),
  ]);
  return {
    failures,
    uploads,
    messages,
    get answered() {
      return answered;
    },
    async stop() {
      isStopped = true;
      await working;
    },
    async abandon() {
      isStopped = true;
      isAbandoned = true;
      await following.stop();
    },
    async verify(url, sql) {
      const { token: fresh } = await signIn(url, password);
      await verifyUploads({ url, sql, run, uploads, token: fresh });
      await verifyMessages({ sql, conversationId, messages, following });
      await following.stop();
    },
  };
}

async function signIn(url: string, password: string): Promise<{ token: string; companyId: string }> {
  const input = { email: "agent@acme.test", password };
  const { data, errors } = await postGraphQL(url, SignInDocument, { input });
  if (!data) throw new Error(`the agent can not sign in: ${JSON.stringify(errors)}`);
  const { accessToken: token, viewer } = data.signIn;
  return { token, companyId: viewer.memberships[0]!.company.id };
}

interface UploadCheck extends Pick<DeskTraffic, "uploads"> {
  readonly url: string;
  readonly sql: postgres.Sql;
  readonly run: string;
  readonly token: string;
}

async function verifyUploads({ url, sql, run, uploads, token }: UploadCheck): Promise<void> {
  const rows = await sql<{ subject: string; count: number }[]>`
    select subject, count(*)::int as count from tickets where starts_with(subject, ${run}) group by subject`;
  const twice = rows.filter(({ count }) => count > 1);
  if (twice.length > 0) throw new Error(`tickets that are there twice: ${JSON.stringify(twice)}`);
  const there = new Set(rows.map(({ subject }) => subject));
  const lost: string[] = [];
  for (const { subject, attachmentId, sha256: wanted } of uploads) {
    const response = await fetch(`${url}/attachments/${attachmentId}/log.txt`, { headers: bearer(token) });
    const found = sha256(Buffer.from(await response.arrayBuffer()));
    if (!there.has(subject) || found !== wanted) lost.push(`${subject}: ${response.status}`);
  }
  if (lost.length > 0) throw new Error(`acknowledged uploads that are not there: ${lost.join(", ")}`);
}

interface MessageCheck extends Pick<DeskTraffic, "messages"> {
  readonly sql: postgres.Sql;
  readonly conversationId: string;
  readonly following: Following;
}

/** Each message is there once, and whoever followed was told each once, in order. */
async function verifyMessages({ sql, conversationId, messages, following }: MessageCheck): Promise<void> {
  const rows = await sql<{ id: string; clientId: string }[]>`
    select id, client_id as "clientId" from chat_messages where conversation_id = ${conversationId} order by number`;
  const stored = rows.map(({ clientId }) => clientId);
  const lost = messages.filter((clientId) => !stored.includes(clientId));
  if (lost.length > 0 || new Set(stored).size < stored.length)
    throw new Error(`messages lost: ${lost.join(", ")}; ${stored.length} stored`);
  const sentIn = () =>
    following.told.flatMap(({ event }) => (event.__typename === "MessageAdded" ? [event.message.id] : []));
  const deadline = performance.now() + 30_000;
  while (sentIn().length < rows.length && following.failure === null && performance.now() < deadline)
    await pass(50);
  const wanted = rows.map(({ id }) => id);
  if (JSON.stringify(sentIn()) !== JSON.stringify(wanted))
    throw new Error(
      `told of ${sentIn().length} messages, not of ${wanted.length} in their order: ${following.failure}`,
    );
}
