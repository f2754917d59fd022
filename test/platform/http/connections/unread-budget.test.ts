import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import { connect } from "node:net";
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import type { FastifyInstance } from "fastify";
import Fastify from "fastify";
import { KIB, MIB } from "../../../../src/kernel/bytes.js";
import { holdUnreadAnswers } from "../../../../src/platform/http/connections/hold-unread-answers.js";
import type { UnreadBudget } from "../../../../src/platform/http/connections/unread-budget.js";
import { createUnreadBudget } from "../../../../src/platform/http/connections/unread-budget.js";
import { until } from "../../../support/realtime-server.js";

const log = { warn: jest.fn<(details: object, message: string) => void>() };

describe("unread budget", () => {
  beforeEach(() => {
    log.warn.mockClear();
  });

  describe("what waits unread on all connections together", () => {
    it("cuts off who holds most for longest, and no more of them than it takes", () => {
      let at = 0;
      const budget = createUnreadBudget({ maxBytes: 100, log, now: () => at });
      const cut: string[] = [];
      const reader = (name: string) => ({
        cut: () => {
          cut.push(name);
        },
      });
      budget.hold(reader("big and slow"), 40);
      budget.hold(reader("small and slow"), 5);
      at = 10_000;
      budget.hold(reader("big and new"), 50);
      expect(cut).toEqual([]);
      budget.hold(reader("one too many"), 20);
      expect(cut).toEqual(["big and slow"]);
      expect(budget.held).toBe(75);
      expect(log.warn).toHaveBeenCalledTimes(1);
    });

    it("counts each reader once, with what waits now, and forgets who has read all", () => {
      const budget = createUnreadBudget({ maxBytes: 100, log });
      const readers = Array.from({ length: 1_000 }, () => ({ cut: jest.fn<() => void>() }));
      for (const reader of readers) {
        budget.hold(reader, 60);
        budget.hold(reader, 90);
        budget.hold(reader, 0);
      }
      expect(budget.held).toBe(0);
      for (const reader of readers) expect(reader.cut).not.toHaveBeenCalled();
    });

    it("stays within its bound whatever a thousand readers are sent", () => {
      const budget = createUnreadBudget({ maxBytes: MIB, log });
      for (let number = 0; number < 1_000; number++) {
        budget.hold({ cut: () => {} }, 1 + ((number * 7_919) % (200 * KIB)));
        expect(budget.held).toBeLessThanOrEqual(MIB);
      }
    });
  });

  describe("answers that nobody reads", () => {
    let app: FastifyInstance;
    let budget: UnreadBudget;
    /** How many clients wait for a response that is ready after they have left. */
    let waiting = 0;
    let sent = 0;
    const sockets: Socket[] = [];
    const answers: Readonly<Record<string, string>> = {
      large: "x".repeat(45 * MIB),
      small: "x".repeat(100 * KIB),
      common: "x".repeat(2 * MIB),
    };

    beforeEach(async () => {
      app = Fastify();
      budget = createUnreadBudget({ maxBytes: 64 * MIB, log });
      holdUnreadAnswers(app, budget);
      [waiting, sent] = [0, 0];
      app.addHook("onSend", async () => {
        sent++;
      });
      app.get("/late", async ({ raw }) => {
        waiting++;
        await once(raw.socket, "close");
        return answers.small;
      });
      app.get<{ Params: { size: string } }>("/:size", async ({ params }) => answers[params.size]);
      await app.listen({ port: 0, host: "127.0.0.1" });
    });
    afterEach(async () => {
      for (const socket of sockets.splice(0)) socket.destroy();
      await app.close();
    });

    async function askAndNeverRead(size: string, times = 1): Promise<Socket> {
      const { port } = app.server.address() as AddressInfo;
      const socket = connect(port, "127.0.0.1").on("error", () => {});
      sockets.push(socket);
      await once(socket, "connect");
      socket.pause();
      socket.write(`GET /${size} HTTP/1.1\r\nHost: a\r\n\r\n`.repeat(times));
      return socket;
    }

    it("wait up to the bound, ten of 45 MB as well, and one who reads gets all of it", async () => {
      let most = 0;
      for (let number = 0; number < 10; number++) {
        await askAndNeverRead("large");
        await until(() => log.warn.mock.calls.length >= number);
        most = Math.max(most, budget.held);
      }
      expect(most).toBeLessThanOrEqual(64 * MIB);
      expect(log.warn.mock.calls.length).toBeGreaterThanOrEqual(8);
      const { port } = app.server.address() as AddressInfo;
      const read = await (await fetch(`http://127.0.0.1:${port}/small`)).text();
      expect(read).toHaveLength(100 * KIB);
    });

    it("wait up to the bound when they are many, several on one connection too", async () => {
      let most = 0;
      for (let number = 0; number < 80; number++) {
        await askAndNeverRead("common", 8);
        most = Math.max(most, budget.held);
      }
      await until(() => log.warn.mock.calls.length > 0);
      expect(Math.max(most, budget.held)).toBeLessThanOrEqual(64 * MIB);
    });

    it("are not counted for a client that has left before", async () => {
      const socket = await askAndNeverRead("late");
      await until(() => waiting > 0);
      socket.destroy();
      await until(() => sent > 0);
      expect(budget.held).toBe(0);
    });

    it("are forgotten when their connections end", async () => {
      await askAndNeverRead("large");
      await until(() => budget.held > 0);
      for (const socket of sockets) socket.destroy();
      await until(() => budget.held === 0);
    });
  });
});
