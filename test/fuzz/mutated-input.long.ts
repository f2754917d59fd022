import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { TestDatabase } from "../support/database.js";
import { createTestDatabase } from "../support/database.js";
import type { DoorName } from "./doors.js";
import { openDoor } from "./doors.js";
import { runCampaign } from "./kit/campaign.js";
import type { FuzzServer } from "./kit/fuzz-server.js";
import { startFuzzServer } from "./kit/fuzz-server.js";
import { reportText } from "./kit/report.js";

/** Set it to the one of a run that failed, to send the same again. */
const SEED = Number(process.env.FUZZ_SEED ?? randomBytes(4).readUInt32LE());
/** A minute and a half together, on a quiet machine; the whole is `npm run fuzz`. */
const CASES: Readonly<Record<DoorName, number>> = {
  multipart: 600,
  files: 400,
  graphql: 600,
  tus: 150,
  websocket: 150,
};

describe(`mutated input (FUZZ_SEED=${SEED})`, () => {
  let database: TestDatabase;
  let folder: string;
  let server: FuzzServer;

  beforeAll(async () => {
    database = await createTestDatabase();
    folder = await mkdtemp(join(tmpdir(), "filedesk-fuzz-"));
    server = await startFuzzServer({ databaseUrl: database.url, folder });
  });
  afterAll(async () => {
    await server?.stop();
    await database?.drop();
    await rm(folder, { recursive: true, force: true });
  });

  it.each(Object.entries(CASES) as [DoorName, number][])(
    "is answered plainly, holds up nobody, and leaves nothing behind: %s",
    async (name, count) => {
      const report = await runCampaign({ door: await openDoor(name), server, seed: SEED, count });
      process.stderr.write(`${reportText(report)}\n`);
      expect(report.findings).toEqual([]);
    },
  );
});
