import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import type { Database } from "../../platform/database/client.js";
import { companies } from "../identity/company.tables.js";
import type { WebhookDeliveryRow } from "./webhook.tables.js";
import { webhookDeliveries, webhookQueues, webhooks } from "./webhook.tables.js";

// Rows are locked in this order: the webhook, its deliveries, its queues. The subqueries that count nothing say so to
// Postgres, which runs parts of a statement in any order.

/** The lease on a queue, by which a process alone sends its deliveries. */
export interface LeasedQueue {
  readonly webhookId: string;
  readonly subject: string;
  readonly lease: string;
}

export interface LeaseRequest {
  readonly lease: string;
  readonly leaseMs: number;
  /** The most queues. */
  readonly limit: number;
  /** The most queues of one webhook, with those that this process sends already. */
  readonly perWebhook: number;
  /** The most queues of one company, with those that this process sends already. */
  readonly perCompany: number;
  /** From so many failures in succession on, a webhook has one queue at a time, and comes after all others. */
  readonly failuresOfDown: number;
  /** The webhooks of the queues that this process sends already, with their numbers. */
  readonly sending: ReadonlyMap<string, number>;
}

/**
 * Takes queues that are due, for a while: those of other processes, and of disabled webhooks, are left out. Companies
 * take turns: one whose receivers are slow does not keep the events of others waiting.
 */
export async function leaseQueues(db: Database, request: LeaseRequest): Promise<LeasedQueue[]> {
  const { lease, leaseMs, limit, perWebhook, perCompany, failuresOfDown, sending } = request;
  const counts = JSON.stringify([...sending].map(([id, queues]) => ({ id, queues })));
  const rows = await db.execute<{ webhookId: string; subject: string }>(sql`
    with sending as (select * from jsonb_to_recordset(${counts}::jsonb) as sending (id uuid, queues int)),
    busy as (
      select w.company_id, sum(sending.queues) as queues
      from sending join ${webhooks} w on w.id = sending.id group by w.company_id),
    due as materialized (
      select q.webhook_id, q.subject, q.due_at, w.company_id, w.failures >= ${failuresOfDown} as is_down
      from ${webhooks} w
      join ${companies} c on c.id = w.company_id and c.deleted_at is null
      left join sending on sending.id = w.id
      cross join lateral (
        select webhook_id, subject, due_at from ${webhookQueues}
        where webhook_id = w.id and due_at <= now() and (leased_until is null or leased_until < now())
        order by due_at
        limit greatest(0, case when w.failures < ${failuresOfDown} then ${perWebhook}::int else 1 end
          - coalesce(sending.queues, 0))
        for update skip locked) q
      where w.disabled_at is null and w.deleted_at is null),
    ranked as (
      select due.*, coalesce(busy.queues, 0)
        + row_number() over (partition by company_id order by is_down, due_at) as place
      from due left join busy using (company_id)),
    taken as (
      select webhook_id, subject from ranked where place <= ${perCompany}::int
      order by is_down, place, due_at limit ${limit})
    update ${webhookQueues} queue set lease = ${lease}, leased_until = now() + ${leaseMs} * interval '1 ms',
      secret_version = null
    from taken where queue.webhook_id = taken.webhook_id and queue.subject = taken.subject
    returning queue.webhook_id as "webhookId", queue.subject`);
  return rows.map(({ webhookId, subject }) => ({ webhookId, subject, lease }));
}

/** The first delivery of a queue, with all that is needed to send it. */
export interface DueDelivery extends WebhookDeliveryRow {
  readonly url: string;
  readonly sealedSecret: string;
  /** Failed attempts so far. */
  readonly failedAttempts: number;
  readonly firstAttemptAt: Date | null;
}

export interface QueueHead {
  /** Of the queue when it was read. */
  readonly revision: number;
  readonly delivery: DueDelivery | null;
}

const deliveryColumns = sql`d.id, d.webhook_id as "webhookId", d.company_id as "companyId", d.subject, d.sequence::int8,
  d.type, d.payload, d.attempts, d.last_attempt_at as "lastAttemptAt", d.last_status as "lastStatus",
  d.last_error as "lastError", d.delivered_at as "deliveredAt", d.created_at as "createdAt"`;

/**
 * The first delivery of a leased queue, whose lease is prolonged. Null if the lease is lost, or the webhook is disabled.
 *
 * The lock on the webhook makes a rotation of its secret wait for this statement, and the version of the secret shows
 * the rotation afterwards which requests it has to wait for. `revision` and the delivery are of one snapshot: reading
 * the revision from the updated row would show an addition that the snapshot does not contain.
 */
export async function findHead(
  db: Database,
  { webhookId, subject, lease }: LeasedQueue,
  leaseMs: number,
): Promise<QueueHead | null> {
  const [row] = await db.execute<
    { revision: string; sequence: string | null; createdAt: string } & Omit<
      DueDelivery,
      "sequence" | "createdAt"
    >
  >(sql`
    with hook as (
      select id, url, sealed_secret, secret_version from ${webhooks}
      where id = ${webhookId} and disabled_at is null and deleted_at is null for share),
    held as (
      update ${webhookQueues} queue
      set leased_until = now() + ${leaseMs} * interval '1 ms', secret_version = hook.secret_version
      from hook where queue.webhook_id = hook.id and queue.subject = ${subject} and queue.lease = ${lease}
      returning 1)
    select q.revision, hook.url, hook.sealed_secret as "sealedSecret", q.attempts as "failedAttempts",
      q.first_attempt_at as "firstAttemptAt", ${deliveryColumns}
    from hook join ${webhookQueues} q on q.webhook_id = hook.id and q.subject = ${subject}
    left join lateral (
      select * from ${webhookDeliveries} waiting
      where waiting.webhook_id = q.webhook_id and waiting.subject = q.subject and waiting.delivered_at is null
      order by waiting.sequence limit 1) d on true
    where exists (select from held)`);
  if (!row) return null;
  const { revision, ...delivery } = row;
  return {
    revision: Number(revision),
    delivery:
      delivery.sequence === null
        ? null
        : {
            ...delivery,
            sequence: Number(delivery.sequence),
            createdAt: new Date(delivery.createdAt),
            firstAttemptAt: delivery.firstAttemptAt && new Date(delivery.firstAttemptAt),
          },
  };
}

/** Gives up the lease on a queue that is empty. If something was added since it was read, it stays due. */
export async function settleEmptyQueue(
  db: Database,
  { webhookId, subject, lease }: LeasedQueue,
  revision: number,
): Promise<void> {
  await db.execute(sql`
    update ${webhookQueues} set lease = null, leased_until = null,
      due_at = case when revision = ${revision} then null else due_at end
    where webhook_id = ${webhookId} and subject = ${subject} and lease = ${lease}`);
}

/** Gives up the lease on a queue, which stays due, behind all that are due already. */
export async function releaseQueue(db: Database, { webhookId, subject, lease }: LeasedQueue): Promise<void> {
  await db.execute(sql`
    update ${webhookQueues} set lease = null, leased_until = null, due_at = now()
    where webhook_id = ${webhookId} and subject = ${subject} and lease = ${lease}`);
}

export interface Attempted {
  readonly id: string;
  readonly now: Date;
  readonly status: number | null;
}

/**
 * Records a delivery, and that its webhook works. When it was down, all that waits for it becomes due, but for what it
 * has refused while it was up.
 */
export async function updateAsDelivered(
  db: Database,
  { webhookId, subject, lease }: LeasedQueue,
  { id, now, status }: Attempted,
  failuresOfDown: number,
): Promise<void> {
  const at = now.toISOString();
  await db.execute(sql`
    with up as materialized (
      select id, failures from ${webhooks} where id = ${webhookId} and failures > 0 for no key update),
    recovered as (update ${webhooks} w set failures = 0 from up where w.id = up.id),
    delivered as (
      update ${webhookDeliveries} set delivered_at = ${at}, last_attempt_at = ${at}, last_status = ${status},
        last_error = null, attempts = attempts + 1
      where id = ${id} and (select count(*) from up) >= 0 returning 1),
    postponed as (
      select q.webhook_id, q.subject from up join ${webhookQueues} q on q.webhook_id = up.id
      where up.failures >= ${failuresOfDown} and q.due_at > now() and not exists (
        select from ${webhookDeliveries} refused
        where refused.webhook_id = q.webhook_id and refused.subject = q.subject and refused.delivered_at is null
          and ${isRefusal(sql`refused.last_status`)})
      for update of q skip locked),
    woken as (
      update ${webhookQueues} q set due_at = now() from postponed p
      where q.webhook_id = p.webhook_id and q.subject = p.subject)
    update ${webhookQueues} set attempts = 0, first_attempt_at = null
    where webhook_id = ${webhookId} and subject = ${subject} and lease = ${lease} and attempts > 0
      and (select count(*) from delivered) >= 0`);
}

export interface FailedAttempt extends Attempted {
  readonly error: string;
  /** When it is tried again. */
  readonly dueAt: Date;
}

/** The receiver is up, and does not want this one. */
const isRefusal = (status: SQL) => sql`(${status} between 400 and 499 and ${status} not in (408, 429))`;

/** Records a failed attempt, and gives up the lease on its queue. A refusal says nothing of other deliveries. */
export async function updateAsFailed(
  db: Database,
  { webhookId, subject, lease }: LeasedQueue,
  { id, now, status, error, dueAt }: FailedAttempt,
): Promise<void> {
  const at = now.toISOString();
  await db.execute(sql`
    with failing as (
      update ${webhooks} set failures = failures + case when ${isRefusal(sql`${status}::int`)} then 0 else 1 end
      where id = ${webhookId} returning 1),
    tried as (
      update ${webhookDeliveries} set last_attempt_at = ${at}, last_status = ${status}, last_error = ${error},
        attempts = attempts + 1
      where id = ${id} and delivered_at is null and (select count(*) from failing) >= 0 returning 1)
    update ${webhookQueues} set lease = null, leased_until = null, due_at = ${dueAt.toISOString()},
      attempts = attempts + 1, first_attempt_at = coalesce(first_attempt_at, ${at})
    where webhook_id = ${webhookId} and subject = ${subject} and lease = ${lease}
      and (select count(*) from failing) + (select count(*) from tried) >= 0`);
}

/** Whether requests that were signed with an earlier secret than this version may still be under way. */
export async function isSendingWithOlderSecret(
  db: Database,
  webhookId: string,
  secretVersion: number,
): Promise<boolean> {
  const [row] = await db.execute<{ found: boolean }>(sql`
    select exists (select from ${webhookQueues}
      where webhook_id = ${webhookId} and leased_until > now() and secret_version < ${secretVersion}) as found`);
  return row?.found ?? false;
}

/** What waits for a webhook is tried at once, as though for the first time. */
export async function updateQueuesAsDue(tx: Database, companyId: string, webhookId: string): Promise<void> {
  // In the order in which events lock them.
  await tx.execute(sql`
    with waiting as materialized (
      select subject from ${webhookQueues}
      where company_id = ${companyId} and webhook_id = ${webhookId} and due_at is not null
      order by subject collate "C" for update)
    update ${webhookQueues} queue set due_at = now(), attempts = 0, first_attempt_at = null
    from waiting where queue.webhook_id = ${webhookId} and queue.subject = waiting.subject`);
}
