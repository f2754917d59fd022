import type { TestServer } from "./test-server.js";

/** Makes all variants that are due, as a worker would. */
export async function renderPending({ services, database }: TestServer): Promise<void> {
  const pending = await database.sql<{ id: string }[]>`
    select id from media_files where variants_status = 'PENDING' order by id`;
  for (const { id } of pending)
    await services.renderVariants.run({ mediaFileId: id }, new AbortController().signal);
}
