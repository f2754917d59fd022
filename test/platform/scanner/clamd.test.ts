import { Readable } from "node:stream";
import { setTimeout as pass } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { MIB } from "../../../src/kernel/bytes.js";
import type { ClamdOptions } from "../../../src/platform/scanner/clamd.js";
import { createClamd } from "../../../src/platform/scanner/clamd.js";
import type { Scanner, ScanSource } from "../../../src/platform/scanner/scanner.js";
import { ScanFault, ScanRefused } from "../../../src/platform/scanner/scanner.js";
import type { Clamd } from "../../support/clamd.js";
import { eicar, hasClamd, malware, startClamd } from "../../support/clamd.js";
import type { FakeClamd } from "../../support/fake-clamd.js";
import { replying, startFakeClamd } from "../../support/fake-clamd.js";
import { until } from "../../support/feed-world.js";
import { makeZip } from "../../support/make-zip.js";

const of = (bytes: Buffer): ScanSource => ({ size: bytes.length, open: () => Readable.from([bytes]) });
const many = (size: number, end = ""): ScanSource => ({
  size: size + end.length,
  open: () =>
    Readable.from(
      (function* () {
        const chunk = Buffer.alloc(MIB, 7);
        for (let left = size; left > 0; left -= chunk.length) yield chunk.subarray(0, left);
        yield Buffer.from(end);
      })(),
    ),
});
const HELLO = Buffer.from("hello");
const open = (options: Pick<ClamdOptions, "url"> & Partial<ClamdOptions>) =>
  createClamd({ atOnce: 4, ...options });

(hasClamd() ? describe : describe.skip)("clamd", () => {
  let clamd: Clamd;
  let scanner: Scanner;
  beforeAll(async () => {
    clamd = await startClamd();
    scanner = open({ url: clamd.tcpUrl });
  });
  afterAll(() => clamd.close());

  it("is found over TCP and over a Unix socket", async () => {
    for (const url of [clamd.tcpUrl, clamd.unixUrl]) {
      await open({ url }).check();
      expect(await open({ url }).scan(of(HELLO))).toEqual({ status: "clean" });
    }
  });

  it("detects EICAR plain and in a ZIP archive, and names the signature", async () => {
    const zipped = makeZip([
      { name: "a.txt", content: HELLO },
      { name: "b.com", content: eicar() },
    ]);
    for (const bytes of [eicar(), zipped])
      expect(await scanner.scan(of(bytes))).toEqual({
        status: "infected",
        signature: "Local.Eicar-Test.UNOFFICIAL",
      });
  });

  it("sees every byte of a large file", async () => {
    expect(await scanner.scan(many(30 * MIB))).toEqual({ status: "clean" });
    expect(await scanner.scan(many(30 * MIB, malware()))).toMatchObject({ status: "infected" });
  });

  it("calls a file clean that has no bytes less than it should, and no other", async () => {
    const short = scanner.scan({ size: 6, open: () => Readable.from([HELLO]) });
    await expect(short).rejects.toThrow("5 bytes of a file of 6");
    await expect(scanner.scan({ size: 4, open: () => Readable.from([HELLO]) })).rejects.toThrow(ScanFault);
  });

  it("is asked again after a restart", async () => {
    await clamd.kill();
    await expect(scanner.check()).rejects.toThrow(ScanFault);
    await expect(scanner.scan(of(HELLO))).rejects.toThrow(ScanFault);
    await clamd.start();
    expect(await scanner.scan(of(HELLO))).toEqual({ status: "clean" });
  });

  it("gives no verdict when it is killed or stopped in the middle of a file", async () => {
    const inTime = open({ url: clamd.tcpUrl, times: { idleMs: 300, replyMs: 300 } });
    clamd.signal("SIGSTOP");
    await expect(inTime.scan(many(20 * MIB))).rejects.toThrow("does not answer in time");
    clamd.signal("SIGCONT");
    let sent = 0;
    const endless = async function* () {
      for (; ; sent += MIB) {
        if (sent === 8 * MIB) await clamd.kill();
        yield Buffer.alloc(MIB);
      }
    };
    await expect(scanner.scan({ size: 1, open: () => Readable.from(endless()) })).rejects.toThrow(ScanFault);
    await clamd.start();
  });

  describe("with limits below those of the files", () => {
    const scanAt = async (settings: Readonly<Record<string, string>>, size: number, end?: string) => {
      const limited = await startClamd(settings);
      try {
        return await open({ url: limited.tcpUrl }).scan(many(size, end));
      } finally {
        await limited.close();
      }
    };

    it("keeps the reply to a stream that is too long, though clamd closes it early", async () => {
      for (const size of [3 * MIB, 40 * MIB])
        await expect(scanAt({ StreamMaxLength: "2M" }, size)).rejects.toThrow(ScanRefused);
    });

    it("does not take the alert of a limit for a detection", async () => {
      await expect(scanAt({ MaxFileSize: "2M" }, 3 * MIB)).rejects.toThrow(ScanRefused);
      await expect(scanAt({ MaxScanSize: "2M" }, 3 * MIB)).rejects.toThrow(ScanRefused);
    });

    it.each(["MaxFileSize", "MaxScanSize"])(
      "does not believe the OK that comes unseen above %s",
      async (limit) => {
        const silent = { [limit]: "2M", AlertExceedsMax: "no" };
        await expect(scanAt(silent, 3 * MIB, malware())).rejects.toThrow(ScanRefused);
        expect(await scanAt(silent, MIB)).toEqual({ status: "clean" });
      },
    );
  });

  it("does not believe a clamd without signatures", async () => {
    const blind = await startClamd();
    await blind.kill();
    await blind.setSignatures("Local.Other:0:*:deadbeefdeadbeefdeadbeef\n");
    await blind.start();
    await expect(open({ url: blind.tcpUrl }).scan(of(HELLO))).rejects.toThrow("no signatures");
    await blind.close();
  });
});

describe("a server that is not a sound clamd", () => {
  let fake: FakeClamd;
  afterEach(() => fake.close());

  it.each([
    "",
    "\0",
    "stream: OK",
    "stream: OK\n\0",
    "stream: ok\0",
    " stream: OK\0",
    "stream: OK\0stream: OK\0",
    "stream: OK FOUND OK\0",
    "stream: FOUND\0",
    "stream:  FOUND",
    "stream: Win.Test FOUND",
    "stream: Win\nTest FOUND\0",
    "1: stream: OK\0",
    "UNKNOWN COMMAND\0",
    "stream: Can't allocate memory ERROR\0",
    "Command read timed out ERROR\0",
    "HTTP/1.1 200 OK\r\n\r\n",
    "x".repeat(5_000_000),
  ])("gives no verdict with the reply %#", async (reply) => {
    fake = await startFakeClamd(replying(reply));
    await expect(open({ url: fake.url }).scan(of(HELLO))).rejects.toThrow(ScanFault);
  });

  it("gives no verdict before it has all of the file", async () => {
    for (const reply of ["stream: OK\0", "stream: Win.Test FOUND\0"]) {
      fake = await startFakeClamd((socket) => socket.end(reply));
      await expect(open({ url: fake.url }).scan(many(50 * MIB))).rejects.toThrow(ScanFault);
      fake.close();
    }
  });

  it("does not call a file clean when it calls everything clean", async () => {
    fake = await startFakeClamd(replying("stream: OK\0"));
    await expect(open({ url: fake.url }).scan(of(HELLO))).rejects.toThrow(ScanRefused);
  });

  it("is given up when it does not read, and when it does not reply", async () => {
    fake = await startFakeClamd((socket) => void socket.pause());
    const scanner = open({ url: fake.url, times: { idleMs: 200, replyMs: 200 } });
    for (const source of [of(HELLO), many(50 * MIB)])
      await expect(scanner.scan(source)).rejects.toThrow("does not answer in time");
    await expect(scanner.check()).rejects.toThrow(ScanFault);
  });

  it("keeps nobody waiting longer than the caller wants, in a turn or before it", async () => {
    fake = await startFakeClamd((socket) => void socket.resume());
    const scanner = open({ url: fake.url, atOnce: 2 });
    const scans = Array.from({ length: 6 }, () => scanner.scan(of(HELLO), AbortSignal.timeout(200)));
    for (const scan of scans) await expect(scan).rejects.toThrow(ScanFault);
    expect(fake.most).toBe(2);
    await until(() => fake.open === 0);
  });

  it("takes a file no faster than it reads it", async () => {
    fake = await startFakeClamd((socket) => void socket.pause());
    let read = 0;
    const endless = async function* () {
      for (; ; read += MIB) yield Buffer.alloc(MIB);
    };
    const scan = open({ url: fake.url }).scan(
      { size: 1, open: () => Readable.from(endless()) },
      AbortSignal.timeout(500),
    );
    await expect(scan).rejects.toThrow(ScanFault);
    await pass(0);
    expect(read).toBeLessThan(30 * MIB);
  });
});
