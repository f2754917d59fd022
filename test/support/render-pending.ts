import type { TestServer } from "./test-server.js";
import { until } from "./webhook-receiver.js";

/** Makes all variants that are due, as a worker would. */
export async function renderPending({ services, database }: TestServer): Promise<void> {
  const pending = await database.sql<{ id: string }[]>`
    select id from media_files where variants_status = 'PENDING' order by id`;
  for (const { id } of pending)
    await services.renderVariants.run({ mediaFileId: id }, new AbortController().signal);
}

/** Waits until a server with a worker has made all variants that were due. */
export const rendered = ({ database }: TestServer): Promise<void> =>
  until("all variants are made", async () => {
    const pending = await database.sql`select from media_files where variants_status = 'PENDING' limit 1`;
    return pending.length === 0;
  });
