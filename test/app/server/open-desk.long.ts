import "reflect-metadata";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { pino } from "pino";
import type { OpenDesk } from "../../../src/app/server/open-desk.js";
import { openDesk } from "../../../src/app/server/open-desk.js";
import type { Role } from "../../../src/app/startup/find-database.js";
import { readConfig } from "../../../src/platform/config/config.js";
import { startServerProcess, startWorkerProcess } from "../../support/server-process.js";

const cleanUps: (() => Promise<unknown>)[] = [];
let dataFolder: string;

describe("a command on a data folder", () => {
  beforeEach(async () => {
    dataFolder = await mkdtemp(join(tmpdir(), "filedesk-open-"));
    cleanUps.push(() => rm(dataFolder, { recursive: true }));
  });
  afterEach(async () => {
    for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
  });

  it("joins the database of the server that runs there, and leaves it running", async () => {
    const server = await startServerProcess({ FILEDESK_DATA: dataFolder });
    cleanUps.push(() => server.kill());
    for (const role of ["command", "worker"] as const) {
      const desk = await open(role);
      expect(await companies(desk)).toBe(2);
      await desk.close();
    }
    expect(await (await fetch(`${server.url}/readyz`)).json()).toMatchObject({ status: "ok" });
    expect(await server.stop()).toMatchObject({ code: 0 });
  });

  it("hears of it when the server stops that database", async () => {
    const server = await startServerProcess({ FILEDESK_DATA: dataFolder });
    cleanUps.push(() => server.kill());
    const worker = startWorkerProcess({ FILEDESK_DATA: dataFolder });
    const desk = await open("command");
    const { ended } = await worker;
    await server.kill();
    await desk.databaseLost;
    expect(await ended).toMatchObject({
      code: 1,
      output: expect.stringContaining("the worker stops, because"),
    });
  });

  it("starts the database where no server runs, keeps it from others meanwhile, and stops it again", async () => {
    const first = await open("command");
    const second = await open("command");
    expect(second.databaseUrl).toBe(first.databaseUrl);
    await second.close();
    await expect(open("server")).rejects.toThrow(/Another Filedesk server .* uses the data folder/);
    expect(await companies(first)).toBe(0);
    await first.close();
    await expect(readFile(join(dataFolder, "postgres/cluster/postmaster.pid"))).rejects.toThrow("ENOENT");
    const server = await open("server");
    await server.close();
  });

  it("has the same secrets whoever generates them first", async () => {
    const opened = await Promise.all([open("command"), open("command"), open("worker")]);
    const urls = opened.map(({ services }) =>
      services.signer.sign({ resource: "files/x", viewerId: "v", name: "n" }),
    );
    expect(new Set(urls).size).toBe(1);
    for (const desk of opened.reverse()) await desk.close();
  });
});

const open = (role: Role): Promise<OpenDesk> =>
  openDesk({
    config: readConfig({ NODE_ENV: "test", FILEDESK_DATA: dataFolder }),
    log: pino({ level: "silent" }),
    role,
  }).then((desk) => {
    cleanUps.push(() => desk.close());
    return desk;
  });

async function companies({ database }: OpenDesk): Promise<number> {
  const [row] = await database.sql<{ count: number }[]>`select count(*)::int as count from companies`;
  return row?.count ?? -1;
}
