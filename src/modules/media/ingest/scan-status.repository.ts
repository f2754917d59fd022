import { sql } from "drizzle-orm";
import type { Database } from "../../../platform/database/client.js";

/** The statuses of files that may not be downloaded. Few files have them. */
const WITHHELD = ["PENDING", "INFECTED", "QUARANTINED"] as const;

export interface WithheldCount {
  readonly status: (typeof WITHHELD)[number];
  readonly count: number;
}

/**
 * The number of stored files of all companies that may not be downloaded because of their scan status. It takes an
 * index lookup for each company and status, and never reads the files that may be downloaded.
 */
export async function countWithheld(db: Pick<Database, "execute">): Promise<WithheldCount[]> {
  const rows = await db.execute<{ status: WithheldCount["status"]; count: number }>(sql`
    select status::text, coalesce(sum(found), 0)::int as count
    from unnest(${sql.param([...WITHHELD])}::scan_status[]) status
    left join companies on true
    left join lateral (
      select count(*) as found from blobs
      where blobs.company_id = companies.id and blobs.scan_status = status
    ) of_company on true
    group by status`);
  return [...rows];
}
