import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { packageRoot } from "../../src/kernel/package-root.js";
import type { TestDatabase } from "../support/database.js";
import { createTestDatabase } from "../support/database.js";
import type { MultipartCase } from "./inputs/multipart.door.js";
import { multipartDoor } from "./inputs/multipart.door.js";
import { runCampaign } from "./kit/campaign.js";
import type { Door } from "./kit/door.js";
import type { Finding } from "./kit/finding.js";
import type { FuzzServer } from "./kit/fuzz-server.js";
import { startFuzzServer } from "./kit/fuzz-server.js";

const COUNT = 60;
/** After the warm-up. */
const PLANTED_CASE = 20;
const DEFECTS = pathToFileURL(join(packageRoot, "test", "fuzz", "planted-defects.js")).href;

interface Planting {
  readonly name: string;
  readonly isInAll?: boolean;
  /** For what no request does: by hand, after the case. */
  byHand?(): Promise<unknown>;
}

/** Requests of the multipart door, one or all of which meet a defect. */
function doorWith({ name, isInAll = false, byHand }: Planting): Door<MultipartCase> & { planted: number } {
  let made = 0;
  const door = {
    ...multipartDoor,
    planted: -1,
    make(...[source, world]: Parameters<typeof multipartDoor.make>): MultipartCase {
      const input = multipartDoor.make(source, world);
      const n = made++;
      // One that is owed an answer.
      const isFit = n >= PLANTED_CASE && input.framing === "length" && input.ending === "wait";
      if (!isInAll && !(isFit && door.planted < 0)) return input;
      door.planted = n;
      return { ...input, headers: [...input.headers, ...(byHand ? [] : [`X-Planted: ${name}`])] };
    },
    async play(...[input, place]: Parameters<typeof multipartDoor.play>) {
      const outcome = await multipartDoor.play(input, place);
      if (made > PLANTED_CASE) await byHand?.();
      return outcome;
    },
    // Not made shorter: its length has nothing to do with it.
    sequence: { of: () => [], replace: (input: MultipartCase) => input },
  };
  return door;
}

describe("the fuzzer finds a server that", () => {
  let database: TestDatabase;
  let folder: string;
  let server: FuzzServer;

  beforeAll(async () => {
    database = await createTestDatabase();
    folder = await mkdtemp(join(tmpdir(), "filedesk-fuzz-"));
    server = await startFuzzServer({
      databaseUrl: database.url,
      folder,
      preloaded: [DEFECTS],
      quietMs: 3_000,
    });
  });
  afterAll(async () => {
    await server?.stop();
    await database?.drop();
    await rm(folder, { recursive: true, force: true });
  });
  const run = async (planting: Planting) => {
    const door = doorWith(planting);
    const { findings } = await runCampaign({ door, server, seed: 1, count: COUNT });
    const files = join(folder, "data", "files");
    await rm(join(files, ".tmp", "planted"), { force: true });
    await rm(join(files, "aa", "planted"), { force: true });
    // The memory of a server that has just been started differs by as much as so few cases would have to leak.
    const isMemory = ({ kind }: Finding) => kind === "memory";
    return {
      findings: findings.filter((finding) => !isMemory(finding)),
      ofMemory: findings.filter(isMemory),
      planted: door.planted,
    };
  };

  it.each([
    ["answer", "answers 500"],
    ["answer", "never answers"],
    ["log", "logs an error"],
    ["block", "computes for 150 ms"],
  ])("%s: %s, and says which case", async (kind, name) => {
    const { findings, planted } = await run({ name });
    expect(findings).toEqual([expect.objectContaining({ kind, cases: [planted], isReproduced: true })]);
  });

  it("crash: throws outside of any request, and says which case", async () => {
    const { findings, planted } = await run({ name: "throws outside of any request" });
    const crashes = findings.filter(({ kind }) => kind === "crash");
    expect(crashes).toEqual([expect.objectContaining({ cases: [planted], isReproduced: true })]);
    // Its last line is of level fatal.
    expect(findings.filter(({ kind }) => kind !== "crash" && kind !== "log")).toEqual([]);
  });

  it.each([
    ["leaves a temp file", /temp file planted/],
    ["leaves stored bytes", /stray file aa\/planted/],
    ["leaves a descriptor open", /descriptors of the kind file/],
  ])("left behind: %s", async (name, what) => {
    const { findings } = await run({ name });
    expect(findings).not.toEqual([]);
    for (const finding of findings)
      expect(finding).toMatchObject({ kind: "left behind", what: expect.stringMatching(what) });
  });

  it("left behind: miscounts the files of a ticket", async () => {
    const byHand = () => server.sql`
      update tickets set attachment_count = attachment_count + 99 where number = 1 and attachment_count < 99`;
    const { findings } = await run({ name: "", byHand });
    await server.sql`update tickets set attachment_count = attachment_count - 99 where attachment_count >= 99`;
    expect(findings[0]).toMatchObject({
      kind: "left behind",
      what: expect.stringMatching(/ticket 1 counts \d+,/),
    });
  });

  it("memory: keeps a buffer of each request", async () => {
    const { findings, ofMemory } = await run({ name: "keeps a buffer", isInAll: true });
    expect(findings).toEqual([]);
    expect(ofMemory).toContainEqual(expect.objectContaining({ what: expect.stringMatching(/^used/) }));
  });

  it("nothing of all that: no defect, no finding", async () => {
    const { findings } = await run({ name: "", byHand: async () => {} });
    expect(findings).toEqual([]);
  });
});
