import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { sql as statement } from "drizzle-orm";
import { files as incoming } from "../../src/app/demo/demo-files.js";
import type { UserViewer } from "../../src/modules/identity/viewer.js";
import type { Database } from "../../src/platform/database/client.js";
import { brokenPromises, strayFiles } from "../support/inventory.js";
import type { TestServer } from "../support/test-server.js";
import { startTestServer } from "../support/test-server.js";

let desk: TestServer;

describe("deadlock", () => {
  beforeAll(async () => {
    desk = await startTestServer();
  });

  afterAll(() => desk?.close());

  it("takes a file in after all when Postgres has ended the transaction for somebody else's locks", async () => {
    const { sql } = desk.database;
    const { ingest, sessions } = desk.services;
    const [first, second] = await Promise.all(
      ["agent@acme.test", "agent@globex.test"].map((email) => desk.signInAs(email)),
    );
    const viewer = (await sessions.viewerById(first!.id)) as UserViewer;
    const [companyId = ""] = viewer.roles.keys();
    let attempts = 0;
    let rival: { readonly end: Promise<unknown> } | undefined;

    const id = await ingest.ingestFiles({
      viewer,
      companyId,
      bucket: "ATTACHMENTS",
      incoming: incoming({ name: "a.txt", bytes: Buffer.from(randomBytes(9_000).toString("hex")) }),
      permit: null,
      inTransaction: async (tx, [file]) => {
        attempts += 1;
        await lockRow(tx, first!.id);
        if (attempts === 1) rival = await rivalFor(first!.id, second!.id);
        await lockRow(tx, second!.id);
        return file!.id;
      },
    });
    await rival?.end;

    expect(attempts).toBe(2);
    const files = await sql`select id from media_files where file_name = 'a.txt'`;
    expect([...files]).toEqual([{ id }]);
    await sql`insert into media_usages (id, company_id, media_file_id, resource_type, resource_id, field_name)
    values (${id}, ${companyId}, ${id}, 'page', '1', 'file')`;
    expect(await brokenPromises(sql, desk.dataFolder)).toEqual([]);
    expect(await strayFiles(sql, desk.dataFolder)).toEqual([]);
  });
});

const lockRow = (tx: Database, id: string) =>
  tx.execute(statement`select from users where id = ${id} for update`);

/**
 * Holds the second person's row and waits for the first one's. Postgres ends the transaction that closes a circle and
 * has waited for a second, so this one waits alone for longer than that before the other joins.
 */
async function rivalFor(firstId: string, secondId: string) {
  const { sql } = desk.database;
  const end = sql.begin(async (tx) => {
    await tx`select from users where id = ${secondId} for update`;
    await tx`select from users where id = ${firstId} for update`;
  });
  const isWaiting = async () => {
    const waiting = await sql`select from pg_stat_activity where datname = current_database()
      and wait_event_type = 'Lock' and query_start < clock_timestamp() - interval '1.5 s'`;
    return waiting.length > 0;
  };
  while (!(await isWaiting()));
  return { end };
}
