import { sql } from "drizzle-orm";
import { webhookDeliveries, webhookQueues, webhooks } from "./webhook.tables.js";

/** The kind of an event, as webhooks name it: `file.variants-ready` is FILE_VARIANTS_READY. */
const kindOfEvent = sql`upper(translate(r.type, '.-', '__'))`;

/**
 * Queues the recorded events for the webhooks that ask for them, in the statement that records them. Of its own topic, a
 * webhook gets every event. Those that are disabled are queued for as well: they may be enabled again.
 */
export const takeForWebhooks = sql`
  , wanted as (
    select w.id as webhook_id, r.* from recorded r join ${webhooks} w
      on w.company_id = r.company_id and w.deleted_at is null
      and (${kindOfEvent} = any(w.event_kinds) or r.topic = 'webhook:' || w.id)),
  queued as (
    insert into ${webhookQueues} as known (webhook_id, subject, company_id, due_at)
    select webhook_id, topic, (array_agg(company_id))[1], now() from wanted
    group by webhook_id, topic order by topic collate "C", webhook_id
    on conflict (webhook_id, subject) do update
      set revision = known.revision + 1, due_at = coalesce(known.due_at, excluded.due_at))
  insert into ${webhookDeliveries} (webhook_id, company_id, subject, sequence, type, payload)
  select webhook_id, company_id, topic, sequence, type, payload from wanted
  on conflict do nothing
  returning 1`;
