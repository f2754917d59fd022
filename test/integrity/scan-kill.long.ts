import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { Clamd } from "../support/clamd.js";
import { hasClamd, malware, startClamd } from "../support/clamd.js";
import { killJob } from "../support/kill-job.js";
import { openStoredWorld } from "../support/stored-files.js";

(hasClamd() ? describe : describe.skip)("a worker that is killed while it scans a file", () => {
  let clamd: Clamd;
  beforeAll(async () => {
    clamd = await startClamd();
  });
  afterAll(() => clamd?.close());

  it.each([
    ["records that it is clean", "CLEAN", "harmless"],
    ["records that it is infected", "INFECTED", malware()],
    ["has copied it to quarantine, and records that", "QUARANTINED", malware()],
  ])("just as it %s, leaves it to another one, and no byte without a row", async (_when, status, content) => {
    const world = await openStoredWorld();
    const { sql } = world.database;
    try {
      const file = await world.store({ content });
      await sql`update blobs set scan_status = 'PENDING'`;
      await sql`create table gate (at timestamptz)`;
      await sql.unsafe(`
        create function pass_gate() returns trigger language plpgsql security definer as $$ begin
          insert into gate values (now());
          return new;
        end $$;
        create trigger gate before update on blobs for each row when (new.scan_status = '${status}')
          execute function pass_gate();`);
      const { attempts } = await killJob({
        databaseUrl: world.databaseUrl,
        serverUrl: world.serverUrl,
        environment: {
          FILEDESK_DATA: world.dataFolder,
          DEMO_DATA: "false",
          SCANNER: "clamd",
          CLAMD_URL: clamd.tcpUrl,
        },
        name: "scan-file",
        data: { blobId: file.blobId },
        heldAt: "gate",
      });
      expect(attempts).toBe(2);
      const [blob] = await sql`select scan_status as status, storage_key as key from blobs`;
      const isInfected = content !== "harmless";
      expect(blob).toEqual({
        status: isInfected ? "QUARANTINED" : "CLEAN",
        key: isInfected ? `quarantine/${file.key}` : file.key,
      });
      const { stored, known } = await world.inventory();
      expect(stored).toEqual(known);
      const audit = await sql`select action from audit_log where subject_id = ${file.id}`;
      expect(audit).toEqual(isInfected ? [{ action: "media-file.quarantined" }] : []);
    } finally {
      await world.close();
    }
  });
});
