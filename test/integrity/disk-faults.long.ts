import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, statfsSync } from "node:fs";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import type { Socket } from "node:net";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it } from "@jest/globals";
import { pino } from "pino";
import { createTestDatabase } from "../support/database.js";
import { brokenPromises, strayFiles } from "../support/inventory.js";
import { fileOf } from "../support/library-world.js";
import { makePng } from "../support/make-files.js";
import { startServerProcess } from "../support/server-process.js";
import { bearer, codeOf } from "../support/test-client.js";
import { startTicketWorld } from "../support/ticket-world.js";

const MIB = 1024 * 1024;
const folder = mkdtempSync(join(tmpdir(), "filedesk-disk-"));
const mounted = mount("size=24m");

/** A small disk of its own; false where mounting is not possible. */
function mount(options: string): boolean {
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", folder], { stdio: "ignore" });
    return true;
  } catch (error) {
    if (process.env.REQUIRE_SERVICES === "1") throw error;
    return false;
  }
}

const onDisk = mounted ? it : it.skip;
const closers: (() => Promise<unknown>)[] = [];

describe("disk faults", () => {
  afterEach(async () => {
    for (let close = closers.pop(); close; close = closers.pop()) await close();
  });

  afterAll(() => {
    if (mounted) execFileSync("umount", ["-l", folder]);
    rmSync(folder, { recursive: true, force: true });
  });

  describe("a full disk (needs a mount)", () => {
    onDisk("is told as such, logged once, and leaves nothing behind", async () => {
      const logged: { level: number; msg: string }[] = [];
      const log = pino({ level: "warn" }, { write: (line) => void logged.push(JSON.parse(line)) });
      const world = await startTicketWorld({ parentFolder: folder, log });
      closers.push(() => world.close());
      const { requester } = world.people;
      const companyId = await world.newCompany();
      const ticket = await world.openTicket(requester, { companyId });
      const ballast = join(folder, "ballast");
      const { bavail, bsize } = statfsSync(folder);
      await writeFile(ballast, Buffer.alloc(bavail * bsize - 2 * MIB));
      const before = statfsSync(folder).bavail;
      for (const size of [3 * MIB, 4 * MIB, 6 * MIB]) {
        const file = fileOf("big.txt", "x".repeat(size));
        const attaching = world.attach(requester, { ticketId: ticket.id, files: [file] });
        expect(await codeOf(attaching)).toBe("INSUFFICIENT_STORAGE");
      }
      expect(statfsSync(folder).bavail).toBe(before);
      expect(logged).toMatchObject([{ level: 50, msg: expect.stringContaining("the disk is full") }]);
      await rm(ballast);
      const file = fileOf("big.txt", "x".repeat(3 * MIB));
      await world.attach(requester, { ticketId: ticket.id, files: [file] });
      const { sql } = world.server.database;
      expect(await brokenPromises(sql, world.server.dataFolder)).toEqual([]);
      expect(await strayFiles(sql, world.server.dataFolder)).toEqual([]);
      const temp = await readdir(join(world.server.dataFolder, "files", ".tmp"), { recursive: true });
      expect(temp.filter((name) => name.includes("/"))).toEqual([]);
    });

    onDisk("costs variants their time and nothing else: they are made when there is room", async () => {
      const world = await startTicketWorld({ parentFolder: folder });
      closers.push(() => world.close());
      const { services, database } = world.server;
      const { requester } = world.people;
      const ticket = await world.openTicket(requester, { companyId: await world.newCompany() });
      const bytes = await makePng({ width: 600, height: 400 });
      await world.attach(requester, { ticketId: ticket.id, files: [fileOf("a.png", bytes)] });
      const [file] = await database.sql<
        { id: string }[]
      >`select id from media_files where file_name = 'a.png' order by id desc limit 1`;
      const mediaFileId = file?.id ?? "";
      const status = async () =>
        (await database.sql`select variants_status as status from media_files where id = ${mediaFileId}`)[0]
          ?.status;
      const render = () => services.renderVariants.run({ mediaFileId }, new AbortController().signal);
      const ballast = join(folder, "ballast");
      const { bavail, bsize } = statfsSync(folder);
      await writeFile(ballast, Buffer.alloc(bavail * bsize));
      await expect(render()).rejects.toThrow("ENOSPC");
      await services.renderVariants.onDead?.({ mediaFileId });
      expect(await status()).toBe("FAILED");
      await rm(ballast);
      await database.sql`update rendering_retries set retry_at = now()`;
      expect(await services.upkeep.retryRenderings()).toEqual({ requested: 1 });
      await render();
      expect(await status()).toBe("READY");
      expect(await brokenPromises(database.sql, world.server.dataFolder)).toEqual([]);
    });

    onDisk(
      "that is read-only ends the start with a line that says which folder, and what to do",
      async () => {
        await mkdir(join(folder, "data"), { recursive: true });
        execFileSync("mount", ["-o", "remount,ro", folder]);
        closers.push(async () => execFileSync("mount", ["-o", "remount,rw", folder]));
        const start = startServerProcess({ FILEDESK_DATA: join(folder, "data") });
        await expect(start).rejects.toThrow(
          new RegExp(
            `The data folder is on a file system that is mounted read-only \\(${folder}/data.*Mount it for`,
          ),
        );
      },
    );
  });

  describe("too few descriptors", () => {
    it("are warned of, refuse connections, and do not end the server", async () => {
      const database = await createTestDatabase();
      closers.push(() => database.drop());
      const data = mkdtempSync(join(tmpdir(), "filedesk-few-"));
      closers.push(() => rm(data, { recursive: true, force: true }));
      const server = await startServerProcess({
        DATABASE_URL: database.url,
        FILEDESK_DATA: data,
        OPEN_FILES: "512",
      });
      closers.push(() => server.kill());
      const sockets: Socket[] = [];
      const { hostname, port } = new URL(server.url);
      for (let n = 0; n < 700; n += 1) {
        const socket = connect(Number(port), hostname).on("error", () => {});
        sockets.push(socket);
        await Promise.race([once(socket, "connect"), once(socket, "close")]);
      }
      for (const socket of sockets) socket.destroy();
      let status = 0;
      for (let round = 0; round < 100 && status !== 200; round += 1) {
        status = await fetch(`${server.url}/healthz`, { headers: bearer() }).then(
          (answer) => answer.status,
          () => 0,
        );
        if (status !== 200) await new Promise((resolve) => setTimeout(resolve, 50));
      }
      expect(status).toBe(200);
      const { output } = await server.stop();
      expect(output).toContain("only 512 files may be open at once");
      expect(output).not.toContain("fault");
    });
  });
});
