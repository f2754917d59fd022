import { mkdtemp, rm } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import postgres from "postgres";
import { Webhook } from "standardwebhooks";
import { takeForWebhooks } from "../../src/modules/webhooks/webhook-outbox.repository.js";
import type { DatabaseClient } from "../../src/platform/database/client.js";
import { connectDatabase } from "../../src/platform/database/client.js";
import { recordEvent, withEventRecording } from "../../src/platform/events/log/record-event.js";
import type { TestDatabase } from "../support/database.js";
import { createTestDatabase } from "../support/database.js";
import { SignInDocument } from "../support/generated/operations.js";
import { createRandom } from "../support/random.js";
import type { BuiltProcess, Environment, ServerProcess } from "../support/server-process.js";
import { startServerProcess, startWorkerProcess } from "../support/server-process.js";
import { postGraphQL } from "../support/test-client.js";
import type { ReceivedHook, WebhookReceiver } from "../support/webhook-receiver.js";
import { startWebhookReceiver, until } from "../support/webhook-receiver.js";
import { createWebhook, rotateSecret } from "../support/webhooks.js";

const EVENTS = Number(process.env.EVENTS ?? 10_000);
const SUBJECTS = 200;
const WRITERS = 8;
/** So many of the requests the receiver does not answer well. */
const FAILING = 0.2;
const SEED = Number(process.env.SEED ?? 1);
const PATIENCE_MS = 600_000;

let database: TestDatabase;
let dataFolder: string;
let environment: Environment;
let server: ServerProcess;
let receiver: WebhookReceiver;
let sql: postgres.Sql;
let client: DatabaseClient;
const workers: BuiltProcess[] = [];

/** The highest number of each subject that the receiver has taken. */
const taken = new Map<string, number>();
const faults: string[] = [];
let takenInAll = 0;

function breakOff(response: ServerResponse): null {
  response.destroy();
  return null;
}

/** A receiver that fails at random: before it has taken a delivery, and after. */
function failAtRandom(random: () => number): void {
  receiver.answer = (hook, response) => {
    const { subject, sequence } = hook.event;
    const last = taken.get(subject) ?? 0;
    // What was taken last may come again: its answer may not have arrived.
    if (sequence !== last && sequence !== last + 1) faults.push(`${subject}: ${sequence} after ${last}`);
    const chance = random();
    if (chance < FAILING / 3) return 500;
    if (chance < (FAILING * 2) / 3) return breakOff(response);
    if (sequence === last + 1) {
      taken.set(subject, sequence);
      takenInAll += 1;
    }
    if (chance < FAILING) return breakOff(response);
    return 204;
  };
}

/** The events of each subject that have been recorded. */
const recorded = new Map<string, number>();

async function recordAtRandom(companyId: string, events: number, random: () => number): Promise<void> {
  const db = withEventRecording(client.db, () => {}, { take: takeForWebhooks, onTaken: () => {} });
  let left = events;
  const write = async () => {
    while (left > 0) {
      const count = Math.min(left, 1 + Math.floor(random() * 4));
      left -= count;
      const subjects = Array.from({ length: count }, () => `ticket:${Math.floor(random() * SUBJECTS)}`);
      for (const subject of subjects) recorded.set(subject, (recorded.get(subject) ?? 0) + 1);
      await db.transaction(async (tx) => {
        for (const topic of subjects)
          recordEvent(tx, { topic, companyId, type: "ticket.updated", payload: {} });
      });
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, write));
}

const startWorker = async () => void workers.push(await startWorkerProcess(environment));

/** Kills one of the workers when the receiver has taken so many, and starts another one. */
async function killAt(count: number): Promise<void> {
  await until(`${count} are taken`, () => takenInAll >= count, PATIENCE_MS);
  await workers.shift()!.kill();
  await startWorker();
}

/** By the library's own signature: it verifies none that is older than five minutes. */
const isSignedWith = (secret: string, { id, body, headers }: ReceivedHook): boolean => {
  const sentAt = new Date(Number(headers["webhook-timestamp"]) * 1_000);
  return new Webhook(secret).sign(id, sentAt, body) === headers["webhook-signature"];
};

describe("webhooks whose receiver fails at random, while workers are killed", () => {
  beforeAll(async () => {
    database = await createTestDatabase();
    dataFolder = await mkdtemp(join(tmpdir(), "filedesk-webhooks-"));
    environment = {
      FILEDESK_DATA: dataFolder,
      DATABASE_URL: database.serverUrl,
      WEBHOOK_ALLOWED_HOSTS: "127.0.0.1",
    };
    server = await startServerProcess({ ...environment, WORKER: "off" });
    receiver = await startWebhookReceiver();
    sql = postgres(database.url, { max: 2, onnotice: () => {} });
    client = connectDatabase(database.serverUrl, { connections: WRITERS });
  });

  afterAll(async () => {
    await Promise.all(workers.map((worker) => worker.kill()));
    await client?.close();
    await receiver?.close();
    await server?.kill();
    await sql?.end();
    await database?.drop();
    if (dataFolder) await rm(dataFolder, { recursive: true, force: true });
  });

  it(`get each of ${EVENTS} events at least once, in order per subject, none with an old secret (seed ${SEED})`, async () => {
    const random = createRandom(SEED);
    const gql = ((query, variables, token) => postGraphQL(server.url, query, variables, token)) as Parameters<
      typeof createWebhook
    >[0]["gql"];
    const input = { email: "manager@acme.test", password: "filedesk-demo" };
    const { data } = await postGraphQL(server.url, SignInDocument, { input });
    const { accessToken: token } = data!.signIn;
    const [company] = await sql<{ id: string }[]>`select id from companies where slug = 'acme'`;
    const hook = await createWebhook({ gql }, token, { companyId: company!.id, url: receiver.url });
    failAtRandom(random);
    await startWorker();
    await startWorker();

    const early = Math.floor((EVENTS * 2) / 3);
    const recording = recordAtRandom(company!.id, early, random);
    await killAt(EVENTS / 5);
    await until("half is taken", () => takenInAll >= EVENTS / 2, PATIENCE_MS);
    const { data: rotated } = await rotateSecret({ gql }, token, hook.id);
    const arrivedBefore = receiver.received.length;
    await recording;
    // The rotation waits for the leases of the worker that was killed: by now, all of the first may have arrived.
    const late = recordAtRandom(company!.id, EVENTS - early, random);
    await killAt((EVENTS * 7) / 10);
    await late;
    await until("all are taken", () => takenInAll >= EVENTS, PATIENCE_MS);

    expect(faults).toEqual([]);
    expect(Object.fromEntries(taken)).toEqual(Object.fromEntries(recorded));
    const { secret } = rotated!.rotateWebhookSecret!;
    const [before, after] = [
      receiver.received.slice(0, arrivedBefore),
      receiver.received.slice(arrivedBefore),
    ];
    expect(after.length).toBeGreaterThanOrEqual(EVENTS - early);
    expect(after.filter((one) => !isSignedWith(secret, one))).toEqual([]);
    expect(before.filter((one) => !isSignedWith(hook.secret, one) && !isSignedWith(secret, one))).toEqual([]);
    const pairs = receiver.received.map(({ id, event }) => `${id} ${event.subject} ${event.sequence}`);
    expect(new Set(receiver.received.map(({ id }) => id)).size).toBe(EVENTS);
    expect(new Set(pairs).size).toBe(EVENTS);
    await until(
      "every delivery is noted as delivered, and no queue is left",
      async () =>
        (await sql`select from webhook_deliveries where delivered_at is null`).length === 0 &&
        (await sql`select from webhook_queues where due_at is not null`).length === 0,
      PATIENCE_MS,
    );
    const [webhook] = await sql`select disabled_at from webhooks where id = ${hook.id}`;
    expect(webhook).toEqual({ disabled_at: null });
  });
});
