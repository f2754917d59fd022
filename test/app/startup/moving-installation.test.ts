import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { examineInstallation } from "../../../src/app/startup/examine-installation.js";
import type { ExaminedStorage } from "../../../src/app/startup/installation-finding.js";
import { createInstallationGuard } from "../../../src/app/startup/installation-guard.js";
import { guardFiles } from "../../../src/app/startup/open-files.js";
import { adoptStorage, settleInstallation } from "../../../src/app/startup/settle-installation.js";
import { createLocalStorage } from "../../../src/platform/storage/local.js";
import { createLocalStaging } from "../../../src/platform/storage/local-staging.js";
import type { Storage } from "../../../src/platform/storage/storage.js";
import type { StoredWorld } from "../../support/stored-files.js";
import { openStoredWorld } from "../../support/stored-files.js";

let world: StoredWorld;
let folder: string;
let ours: Storage;
let empty: Storage;

const placed = (storage: Storage, location: string): ExaminedStorage => ({
  storage,
  place: { location, kind: "folder" },
});
const deps = (to = empty, from = ours) => ({
  db: world.database.db,
  ...placed(to, "the new one"),
  from: placed(from, "the old one"),
});
const put = (storage: Storage, key: string) => storage.put(key, Readable.from([key]));
const markOf = async (storage: Storage) => JSON.parse((await storage.readMark()) ?? "null");
const start = (to?: Storage, from?: Storage) => settleInstallation(deps(to, from));

describe("a start while files are moved", () => {
  beforeAll(async () => {
    world = await openStoredWorld();
    ours = world.storage;
  });
  afterAll(() => world.close());
  beforeEach(async () => {
    await world.database.sql`truncate media_files, blobs cascade`;
    await rm(join(world.dataFolder, "files"), { recursive: true, force: true });
    folder = await mkdtemp(join(tmpdir(), "filedesk-moving-"));
    empty = createLocalStorage({ root: folder });
    for (let n = 0; n < 20; n++) await world.store();
    // The test's template is an installation already.
    await world.database.sql`delete from installation`;
    await settleInstallation({ db: world.database.db, ...placed(ours, "the old one") });
  });
  afterEach(() => rm(folder, { recursive: true }));

  it("marks an empty storage, whichever of the two it is, and both from then on", async () => {
    const { id } = await markOf(ours);
    expect(await examineInstallation(deps())).toMatchObject({
      state: "adoptable",
      detail: expect.stringMatching(/^the new one is empty/),
    });
    expect(await markOf(empty)).toBeNull();
    await start(ours, empty);
    const { epoch } = await markOf(ours);
    expect(await markOf(empty)).toEqual({ id, epoch });
    expect(await examineInstallation(deps())).toMatchObject({ state: "same" });
    await start();
    expect([await markOf(ours), await markOf(empty)]).toEqual(Array(2).fill({ id, epoch: epoch + 1 }));

    const guard = createInstallationGuard({ ...deps(), id, log: { info() {}, error() {} } });
    await guard.assertMayRemove();
    expect([await markOf(ours), await markOf(empty)]).toEqual(Array(2).fill({ id, epoch: epoch + 2 }));
  });

  it("is refused with a storage of another installation, and with files that have no mark", async () => {
    await put(empty, "somebody/elses");
    await expect(start()).rejects.toThrow(
      /^There are files in the new one, but no installation mark.*adopt-storage/,
    );
    await empty.writeMark(JSON.stringify({ id: "another", epoch: 1 }));
    await expect(start()).rejects.toThrow(
      /^The files in the new one belong to installation another, but the database/,
    );
    await expect(start(ours, empty)).rejects.toThrow(
      /^The files in the old one belong to installation another/,
    );
    expect(await markOf(empty)).toEqual({ id: "another", epoch: 1 });
  });

  it("is refused when the storage with the files is not mounted, which looks empty", async () => {
    const unmounted = createLocalStorage({ root: join(folder, "mount") });
    await expect(start(empty, unmounted)).rejects.toThrow(
      /^There are no files in the old one.*probably not mounted/,
    );
    // In the middle of a move, one of the two: the latest files are missing.
    await start();
    for (let n = 0; n < 10; n++) {
      const { key } = await world.store();
      await empty.put(key, await ours.get(key));
      await ours.delete([key]);
    }
    expect((await start()).state).toBe("same");
    await expect(start(unmounted)).rejects.toThrow(
      /files that are neither in the new one nor in the old one \(20 of 30/,
    );
    expect(await unmounted.readMark()).toBeNull();
    await adoptStorage(deps(unmounted));
    expect(await markOf(unmounted)).toMatchObject({ id: (await markOf(ours)).id });
  });

  it("is told of a database that is older than the files in either", async () => {
    await start();
    const { id, epoch } = await markOf(ours);
    await empty.writeMark(JSON.stringify({ id, epoch: epoch + 5 }));
    expect(await start()).toMatchObject({
      state: "restored",
      detail: expect.stringMatching(/^The database is older than the files in the new one/),
    });
    const guard = createInstallationGuard({ ...deps(), id, log: { info() {}, error() {} } });
    await expect(guard.assertMayRemove()).rejects.toMatchObject({ code: "SERVICE_UNAVAILABLE" });
  });

  it("is refused to whoever knows the old storage alone, once files have been moved out of it", async () => {
    await start();
    const { id } = await markOf(ours);
    const alone = { db: world.database.db, ...placed(ours, "the old one") };
    const log = { info() {}, error() {} };
    const running = createInstallationGuard({ ...alone, id, log });
    const both = createInstallationGuard({ ...deps(), id, log });
    await running.assertOurs();
    const begin = async (to: Storage, from: Storage) => {
      const staging = createLocalStaging(join(folder, "staging"));
      const { from: old, ...stored } = deps(to, from);
      const opened = {
        ...stored,
        storage: to,
        staging,
        tempRoot: folder,
        from: { ...old, storage: from, staging },
      };
      await guardFiles(opened, { id, log }).moving?.begin();
    };
    await begin(empty, ours);
    await expect(settleInstallation(alone)).rejects.toThrow(
      /^The files in the old one have been moved to the new one, or are being moved.*STORAGE_FROM as well/,
    );
    // Nor does one that runs take what is not there any more for lost.
    await expect(running.assertOurs()).rejects.toMatchObject({ code: "SERVICE_UNAVAILABLE" });
    await both.assertOurs();
    await both.assertMayRemove();
    await start();
    expect(await markOf(ours)).toMatchObject({ movedTo: "the new one" });

    await begin(ours, empty);
    await running.assertOurs();
    expect((await settleInstallation(alone)).state).toBe("same");
    expect(await markOf(empty)).toMatchObject({ movedTo: "the new one" });
    await adoptStorage({ db: world.database.db, ...placed(empty, "the new one") });
    expect(await markOf(empty)).not.toHaveProperty("movedTo");
  });

  it("comes after one with a single storage, which has given the database its id", async () => {
    await world.database.sql`delete from installation`;
    await expect(start()).rejects.toThrow(
      /Start once with STORAGE set to where the files are, without STORAGE_FROM/,
    );
  });
});
