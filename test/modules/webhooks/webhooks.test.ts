import type { ServerResponse } from "node:http";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { Webhook } from "standardwebhooks";
import { createPurgeWebhooksJob } from "../../../src/modules/webhooks/purge-webhooks.job.js";
import type { WebhookEventKind } from "../../../src/modules/webhooks/webhook-event-kind.js";
import { WEBHOOK_EVENT_TYPES } from "../../../src/modules/webhooks/webhook-event-kind.js";
import { recordEvent } from "../../../src/platform/events/log/record-event.js";
import type { ChatWorld } from "../../support/chat-world.js";
import { startChatWorld } from "../../support/chat-world.js";
import { uploadMedia } from "../../support/library-world.js";
import { codeIn } from "../../support/test-client.js";
import { textFile } from "../../support/ticket-world.js";
import type { ReceivedHook, WebhookReceiver } from "../../support/webhook-receiver.js";
import { startWebhookReceiver, until } from "../../support/webhook-receiver.js";
import {
  askForWebhook,
  createWebhook,
  deliveriesOf,
  rotateSecret,
  updateWebhook,
} from "../../support/webhooks.js";

const MOST = 3;

let world: ChatWorld;
let companyId: string;
let receiver: WebhookReceiver;

const manager = () => world.people.manager.token;
const sql = () => world.server.database.sql;
const all = Object.keys(WEBHOOK_EVENT_TYPES) as WebhookEventKind[];

const hook = (options: { url?: string; eventKinds?: WebhookEventKind[]; secret?: string } = {}) =>
  createWebhook(world.server, manager(), { companyId, url: receiver.url, ...options });

/** Records events that webhooks get, of a subject of this company's own. */
const record = (subject: string, count = 1) =>
  world.server.database.db.transaction(async (tx) => {
    for (let index = 0; index < count; index++)
      recordEvent(tx, {
        topic: `${subject} of ${companyId}`,
        companyId,
        type: "ticket.updated",
        payload: {},
      });
  });

/** The numbers of the events of a subject, in the order of their arrival. */
const arrived = (hooks: readonly ReceivedHook[], subject: string) =>
  hooks
    .filter(({ event }) => event.subject === `${subject} of ${companyId}`)
    .map(({ event }) => event.sequence);

/** What waits is due at once, instead of after its backoff. */
const endWaits = () => sql()`update webhook_queues set due_at = now() where due_at > now()`;

const typesOf = (hooks: readonly ReceivedHook[]) => hooks.map(({ event }) => event.type);
const verify = (secret: string, { body, headers }: ReceivedHook) =>
  new Webhook(secret).verify(body, headers as Record<string, string>);
const show = async (id: string) =>
  (
    await world.server.gql<{ webhook: Record<string, unknown> | null }>(
      "query ($id: ID!) { webhook(id: $id) { disabledAt disabledReason failures } }",
      { id },
      manager(),
    )
  ).data!.webhook;
const auditOf = async (id: string) =>
  (await sql()`select action, actor_kind from audit_log where subject_id = ${id} order by created_at`).map(
    ({ action, actor_kind: by }) => `${action} by ${by}`,
  );

describe("webhooks", () => {
  beforeAll(async () => {
    world = await startChatWorld({
      env: { WEBHOOK_ALLOWED_HOSTS: "127.0.0.1", WEBHOOKS: String(MOST) },
    });
    world.server.services.webhookSender.start();
  });

  afterAll(() => world?.close());

  beforeEach(async () => {
    companyId = await world.newCompany();
    receiver = await startWebhookReceiver();
  });

  afterEach(async () => {
    await receiver.close();
    await sql()`update webhooks set deleted_at = now() where deleted_at is null`;
  });

  it("get what happens in their company, signed, in order for each subject", async () => {
    const { requester, agent } = world.people;
    const { secret } = await hook({ eventKinds: all });
    const other = await world.newCompany();
    await world.openTicket(requester, { companyId: other });
    const ticket = await world.openTicket(requester, { companyId, files: [textFile()] });
    const reply = await world.addReply(agent, { ticketId: ticket.id, isInternal: true });
    const conversationId = await world.start({ companyId });
    const message = await world.say(agent, conversationId, "Good morning");
    const file = await uploadMedia(agent, { companyId });
    const taken = await receiver.taken(7);
    for (const one of taken) expect(verify(secret, one)).toEqual(one.event);
    const of = (kind: string) => taken.filter(({ event }) => event.subject.startsWith(kind));
    expect(typesOf(of("ticket:"))).toEqual(["ticket.opened", "attachment.added", "reply.added"]);
    expect(of("ticket:").map(({ event }) => event.sequence)).toEqual([0, 1, 2]);
    expect(of("ticket:").at(-1)?.event.data).toEqual({
      companyId,
      ticketId: ticket.id,
      replyId: reply.id,
      isInternal: true,
    });
    expect(typesOf(of("conversation:"))).toEqual(["conversation.started", "message.added"]);
    expect(of("conversation:").at(-1)?.event.data).toEqual({
      companyId,
      conversationId,
      messageId: message.id,
    });
    const added = of("media:").find(({ event }) => event.data.mediaFileId === file.id);
    expect(added?.event).toMatchObject({ type: "file.added", data: { companyId, mediaFileId: file.id } });
    expect(new Set(taken.map(({ id }) => id)).size).toBe(taken.length);
  });

  it("get the kinds that they ask for alone, and nothing of a transaction that is rolled back", async () => {
    await hook({ eventKinds: ["TICKET_OPENED"] });
    const { requester, agent } = world.people;
    const { id: ticketId } = await world.openTicket(requester, { companyId });
    await world.addReply(agent, { ticketId });
    const undone = world.server.database.db.transaction(async (tx) => {
      recordEvent(tx, { topic: "ticket:1", companyId, type: "ticket.opened", payload: {} });
      throw new Error("undone");
    });
    await expect(undone).rejects.toThrow("undone");
    await world.openTicket(requester, { companyId });
    expect(typesOf(await receiver.taken(2))).toEqual(["ticket.opened", "ticket.opened"]);
    expect(await sql()`select from webhook_deliveries where company_id = ${companyId}`).toHaveLength(2);
  });

  it("get a subject's events one after the other, and do not wait for a subject that fails", async () => {
    const { id } = await hook();
    let isBroken = true;
    receiver.answer = ({ event }) => (isBroken && event.subject.startsWith("ticket:a") ? 500 : 204);
    await record("ticket:a", 3);
    await record("ticket:b", 2);
    expect(arrived(await receiver.taken(2), "ticket:b")).toEqual([1, 2]);
    await until("a failure is noted", async () => ((await show(id))?.failures as number) > 0);
    const waiting = await deliveriesOf(world.server, manager(), { webhookId: id, status: "RETRYING" });
    expect(waiting.nodes).toMatchObject([
      {
        subject: `ticket:a of ${companyId}`,
        sequence: 1,
        lastStatus: 500,
        lastError: "The receiver answered 500, not 2xx.",
      },
    ]);
    isBroken = false;
    await endWaits();
    expect(arrived(await receiver.taken(5), "ticket:a")).toEqual([1, 2, 3]);
    await until("it works again", async () => (await show(id))?.failures === 0);
    const again = receiver.received.filter(
      ({ event }) => event.subject.startsWith("ticket:a") && event.sequence === 1,
    );
    expect(again.length).toBeGreaterThan(1);
    expect(new Set(again.map(({ id }) => id)).size).toBe(1);
  });

  it("miss nothing while their receiver is down under traffic", async () => {
    const { id } = await hook();
    await receiver.shut();
    for (let round = 0; round < 30; round++) await record(`ticket:${round % 3}`, 2);
    await until("it is down", async () => ((await show(id))?.failures as number) >= 5);
    const [first] = (await deliveriesOf(world.server, manager(), { webhookId: id, status: "RETRYING" }))
      .nodes;
    expect(first?.lastError).toBe("The receiver cannot be reached: nothing listens there.");
    await receiver.open();
    // One attempt that succeeds makes all others due: nothing waits for the end of its backoff.
    await sql()`update webhook_queues set due_at = now() + case when subject like 'ticket:0%' then interval '0' else interval '1 hour' end
      where webhook_id = ${id}`;
    await receiver.taken(60);
    for (const subject of ["ticket:0", "ticket:1", "ticket:2"])
      expect(arrived(receiver.received, subject)).toEqual(
        Array.from({ length: 20 }, (_, index) => index + 1),
      );
    expect(await deliveriesOf(world.server, manager(), { webhookId: id, status: "DELIVERED" })).toMatchObject(
      {
        totalCount: 60,
      },
    );
  });

  it("of one company do not keep those of others waiting, however slow its receivers are", async () => {
    for (let index = 0; index < MOST; index++) await hook();
    const held: ServerResponse[] = [];
    receiver.answer = (_hook, response) => {
      held.push(response);
      return null;
    };
    for (let subject = 0; subject < 4; subject++) await record(`ticket:${subject}`);
    await until("its share is in use", () => held.length >= 8);
    const slow = receiver;
    receiver = await startWebhookReceiver();
    companyId = await world.newCompany();
    await hook();
    await record("ticket:other");
    await receiver.taken(1);
    // Three webhooks with four subjects each: without a share, all twelve would be sent.
    expect(held).toHaveLength(8);
    slow.answer = () => 204;
    for (const response of held) response.writeHead(204).end();
    await slow.taken(4);
    await slow.close();
  });

  it("get what their receiver takes at once, while it refuses other events", async () => {
    const { id } = await hook();
    receiver.answer = ({ event }) => (event.subject.startsWith("refused") ? 400 : 204);
    for (let subject = 0; subject < 6; subject++) await record(`refused:${subject}`);
    await until("all are refused", () => receiver.received.length >= 6);
    // It is not down: it answers.
    expect((await show(id))?.failures).toBe(0);
    await until("all of it is noted", async () => {
      const [row] = await sql()`select count(*)::int as count from webhook_queues
        where webhook_id = ${id} and attempts > 0 and lease is null`;
      return row!.count === 6;
    });
    await sql()`update webhook_queues set due_at = now() + interval '1 hour' where webhook_id = ${id}`;
    await sql()`update webhooks set failures = 5 where id = ${id}`;
    await record("ticket:taken");
    await receiver.taken(1);
    await until("it works", async () => (await show(id))?.failures === 0);
    const [row] = await sql()`select count(*)::int as count from webhook_queues
      where webhook_id = ${id} and due_at > now() + interval '50 minutes'`;
    expect(row!.count).toBe(6);
  });

  it("are disabled after three days of failures, with a notice, and get all that has waited when enabled", async () => {
    const { id } = await hook();
    receiver.answer = () => 503;
    await record("ticket:a", 2);
    await until("it has failed", async () => ((await show(id))?.failures as number) > 0);
    await sql()`update webhook_queues set first_attempt_at = now() - interval '73 hours', due_at = now()
      where webhook_id = ${id}`;
    await until("it is disabled", async () => (await show(id))?.disabledAt !== null);
    expect((await show(id))?.disabledReason).toBe(
      "A delivery has failed for three days; the last attempt: The receiver answered 503, not 2xx.",
    );
    await until("it is audited", async () => (await auditOf(id)).includes("webhook.disabled by server"));
    const asked = receiver.received.length;
    receiver.answer = () => 204;
    await record("ticket:a", 1);
    await endWaits();
    await record("ticket:b", 1);
    const enabled = await updateWebhook(world.server, manager(), { id, enabled: true });
    expect(enabled.data?.updateWebhook).toMatchObject({ disabledAt: null, disabledReason: null });
    const taken = await receiver.taken(4);
    expect(receiver.received).toHaveLength(asked + 4);
    expect(arrived(taken, "ticket:a")).toEqual([1, 2, 3]);
    expect(await auditOf(id)).toEqual([
      "webhook.created by user",
      "webhook.disabled by server",
      "webhook.enabled by user",
    ]);
  });

  it("are disabled at once by the answer 410", async () => {
    const { id } = await hook();
    receiver.answer = () => 410;
    await record("ticket:a");
    await until("it is disabled", async () => (await show(id))?.disabledAt !== null);
    expect((await show(id))?.disabledReason).toContain("410");
  });

  it("sign nothing with the old secret once a rotation is answered, and wait for what is under way", async () => {
    const { id, secret: old } = await hook();
    let finish = () => {};
    receiver.answer = (one, response) => {
      finish = () => {
        one.status = 204;
        response.writeHead(204).end();
      };
      return null;
    };
    await record("ticket:a", 3);
    await until("a request is under way", () => receiver.received.length === 1);
    const rotating = rotateSecret(world.server, manager(), id);
    const first = await Promise.race([rotating, new Promise((resolve) => setTimeout(resolve, 500))]);
    expect(first).toBeUndefined();
    receiver.answer = () => 204;
    finish();
    const { secret } = (await rotating).data!.rotateWebhookSecret!;
    const [before, ...after] = await receiver.taken(3);
    verify(old, before!);
    for (const one of after) {
      verify(secret, one);
      expect(() => verify(old, one)).toThrow("No matching signature");
    }
  });

  it("get a delivery again by hand, with the same id", async () => {
    const { id } = await hook();
    await record("ticket:a", 2);
    await receiver.taken(2);
    await until(
      "both are delivered",
      async () =>
        (await deliveriesOf(world.server, manager(), { webhookId: id, status: "DELIVERED" })).totalCount ===
        2,
    );
    const { nodes } = await deliveriesOf(world.server, manager(), { webhookId: id });
    const first = nodes.find(({ sequence }) => sequence === 1)!;
    const resend = "mutation ($id: ID!) { resendWebhookDelivery(id: $id) { id status webhook { id } } }";
    const { data } = await world.server.gql(resend, { id: first.id }, manager());
    expect(data).toEqual({
      resendWebhookDelivery: { id: first.id, status: "PENDING", webhook: { id } },
    });
    const taken = await receiver.taken(3);
    expect(taken.map((one) => one.event.sequence)).toEqual([1, 2, 1]);
    expect(taken[2]!.id).toBe(taken[0]!.id);
    expect(taken[2]!.body).toBe(taken[0]!.body);
    expect(await auditOf(id)).toContain("webhook.delivery-resent by user");
  });

  it("can be tried, whatever they get", async () => {
    const { id } = await hook();
    const test = "mutation ($id: ID!) { testWebhook(id: $id) { id } }";
    expect((await world.server.gql(test, { id }, manager())).data).toEqual({ testWebhook: { id } });
    const [taken] = await receiver.taken(1);
    expect(taken?.event).toMatchObject({ type: "webhook.test", data: { companyId, webhookId: id } });
    await updateWebhook(world.server, manager(), { id, enabled: false });
    expect(codeIn(await world.server.gql(test, { id }, manager()))).toBe("CONFLICT");
  });

  describe("do not reach", () => {
    it.each([
      ["a private address", "https://10.0.0.1/", "private or reserved"],
      ["a private address that is written oddly", "https://0x0a.1/", "private or reserved"],
      ["a metadata service", "https://169.254.169.254/latest", "private or reserved"],
      ["IPv6 of this machine", "https://[::1]/", "private or reserved"],
      ["http", "http://example.com/", "https://"],
      ["files", "file:///etc/passwd", "https://"],
      ["a URL with a password", "https://a:b@example.com/", "password"],
      ["nothing", "example", "not a URL"],
    ])("%s: it is refused at once", async (_what, url, why) => {
      const answer = await askForWebhook(world.server, manager(), { companyId, url });
      expect(codeIn(answer)).toBe("BAD_USER_INPUT");
      expect(answer.errors?.[0]?.message).toContain(why);
    });

    it("a name that leads into a private network", async () => {
      const { id } = await hook({ url: `https://localhost:${receiver.port}/` });
      await record("ticket:a");
      await until("it has failed", async () => (await show(id))?.failures === 1);
      const { nodes } = await deliveriesOf(world.server, manager(), { webhookId: id });
      expect(nodes[0]?.lastError).toContain("localhost is in a private or reserved network");
    });

    it("where a receiver redirects to", async () => {
      const { id } = await hook();
      receiver.answer = (_hook, response) => {
        response.writeHead(307, { location: `${receiver.url}/elsewhere` }).end();
        return null;
      };
      await record("ticket:a");
      await until("it has failed", async () => (await show(id))?.failures === 1);
      expect(receiver.received).toHaveLength(1);
      const { nodes } = await deliveriesOf(world.server, manager(), { webhookId: id });
      expect(nodes[0]).toMatchObject({ lastStatus: 307, status: "RETRYING" });
    });
  });

  it("read little of an answer, however long it is", async () => {
    await hook();
    let isClosed = false;
    receiver.answer = (one, response) => {
      one.status = 204;
      response.writeHead(200);
      const more = () => {
        while (!response.destroyed && response.write("x".repeat(10_000)));
      };
      response.on("drain", more).on("close", () => {
        isClosed = true;
      });
      more();
      return null;
    };
    await record("ticket:a");
    await until("the connection is closed", () => isClosed);
    expect(await receiver.taken(1)).toHaveLength(1);
  });

  it("do not wait for a receiver that never answers", async () => {
    const silent = await startWebhookReceiver();
    silent.answer = () => null;
    try {
      await hook({ url: silent.url });
      await hook();
      for (let subject = 0; subject < 40; subject++) await record(`ticket:${subject}`);
      expect(await receiver.taken(40)).toHaveLength(40);
      // No more than its share, until these have timed out.
      expect(silent.received).toHaveLength(4);
    } finally {
      await silent.close();
    }
  });

  it("are for the managers of their company", async () => {
    const { id } = await hook();
    const { agent, admin, outsideManager, requester } = world.people;
    const codes = async (token: string) => [
      codeIn(await askForWebhook(world.server, token, { companyId, url: receiver.url })),
      codeIn(await updateWebhook(world.server, token, { id, enabled: false })),
      codeIn(await rotateSecret(world.server, token, id)),
    ];
    expect(await codes(agent.token)).toEqual(["FORBIDDEN", "NOT_FOUND", "NOT_FOUND"]);
    expect(await codes(requester.token)).toEqual(["FORBIDDEN", "NOT_FOUND", "NOT_FOUND"]);
    expect(await codes(outsideManager.token)).toEqual(["NOT_FOUND", "NOT_FOUND", "NOT_FOUND"]);
    expect(await codes(admin.token)).toEqual(["ok", "ok", "ok"]);
  });

  it("have a secret of their own, or one that they are given, and keep neither in the open", async () => {
    const secret = `whsec_${Buffer.alloc(24, 5).toString("base64")}`;
    const given = await hook({ secret });
    expect(given.secret).toBe(secret);
    const made = await hook();
    expect(made.secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    const rows = JSON.stringify(await sql()`select * from webhooks where company_id = ${companyId}`);
    for (const one of [given.secret, made.secret]) expect(rows).not.toContain(one.slice(6, 30));
    const bad = await askForWebhook(world.server, manager(), {
      companyId,
      url: receiver.url,
      secret: "mine",
    });
    expect(codeIn(bad)).toBe("BAD_USER_INPUT");
  });

  it("are at most as many as the operator allows, however many are asked for at once", async () => {
    const asked = await Promise.all(
      Array.from({ length: 6 }, () =>
        askForWebhook(world.server, manager(), { companyId, url: receiver.url }),
      ),
    );
    expect(asked.map(codeIn).sort()).toEqual([...Array(3).fill("QUOTA_EXCEEDED"), "ok", "ok", "ok"]);
  });

  it("keep their deliveries as long as the events, and what is not sent by then is not sent any more", async () => {
    const { id } = await hook();
    await updateWebhook(world.server, manager(), { id, enabled: false });
    for (const subject of ["ticket:a", "ticket:b"]) await record(subject);
    await updateWebhook(world.server, manager(), { id, enabled: true });
    await receiver.taken(2);
    await updateWebhook(world.server, manager(), { id, enabled: false });
    for (const subject of ["ticket:b", "ticket:c"]) await record(subject);
    await sql()`update webhook_deliveries set created_at = now() - interval '31 days'
      where webhook_id = ${id} and (delivered_at is not null or subject like 'ticket:c%')`;
    const { id: removed } = await hook();
    await world.server.gql(
      "mutation ($id: ID!) { deleteWebhook(id: $id) { id } }",
      { id: removed },
      manager(),
    );
    await sql()`update webhooks set deleted_at = now() - interval '2 hours' where id = ${removed}`;
    const { background: db } = world.server.database;
    await createPurgeWebhooksJob({ db, clock: () => new Date(), eventDays: 30 }).run(
      {},
      new AbortController().signal,
    );
    expect((await deliveriesOf(world.server, manager(), { webhookId: id })).nodes).toMatchObject([
      { subject: `ticket:b of ${companyId}`, sequence: 2, status: "PENDING" },
    ]);
    expect(await sql()`select from webhooks where id = ${removed}`).toHaveLength(0);
    await updateWebhook(world.server, manager(), { id, enabled: true });
    expect(arrived(await receiver.taken(3), "ticket:b")).toEqual([1, 2]);
    const queues = sql()`select substr(subject, 1, 8) as subject from webhook_queues where webhook_id = ${id} order by 1`;
    expect(await queues).toEqual([{ subject: "ticket:b" }, { subject: "ticket:c" }]);
  });

  it("get nothing more when they are deleted, and are gone with their company", async () => {
    const { id } = await hook();
    const kept = await hook();
    await updateWebhook(world.server, manager(), { id, enabled: false });
    await record("ticket:a");
    const remove = "mutation ($id: ID!) { deleteWebhook(id: $id) { id } }";
    expect((await world.server.gql(remove, { id }, manager())).data).toEqual({ deleteWebhook: { id } });
    expect(await show(id)).toBeNull();
    await record("ticket:b");
    await receiver.taken(2);
    expect(await sql()`select from webhook_deliveries where webhook_id = ${id}`).toHaveLength(1);
    await sql()`update companies set deleted_at = now() - interval '60 days' where id = ${companyId}`;
    await world.server.services.upkeep.purgeDeleted();
    expect(await sql()`select from companies where id = ${companyId}`).toHaveLength(0);
    for (const table of ["webhook_deliveries", "webhook_queues"])
      expect(await sql()`select from ${sql()(table)} where webhook_id in (${id}, ${kept.id})`).toHaveLength(
        0,
      );
    expect(await sql()`select from webhooks where company_id = ${companyId}`).toHaveLength(0);
  });
});
