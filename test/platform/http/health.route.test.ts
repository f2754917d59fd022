import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import type { FastifyInstance } from "fastify";
import Fastify from "fastify";
import { registerHealthRoutes } from "../../../src/platform/http/health.route.js";

let app: FastifyInstance;
let url: string;
/** What the check that is under way ends with. */
const ends: { well(): void; badly(): void }[] = [];
const check = jest.fn(
  () =>
    new Promise<void>((resolve, reject) => {
      ends.push({ well: resolve, badly: () => reject(new Error("the disk is full")) });
    }),
);

const ready = async () => (await fetch(`${url}/readyz`)).status;

async function underWay(): Promise<(typeof ends)[number]> {
  while (ends.length === 0) await new Promise((resolve) => setImmediate(resolve));
  return ends.pop()!;
}

describe("/readyz", () => {
  beforeEach(async () => {
    ends.length = 0;
    check.mockClear();
    app = Fastify();
    registerHealthRoutes(app, [{ name: "storage", check }]);
    url = await app.listen({ port: 0, host: "127.0.0.1" });
  });
  afterEach(() => app.close());

  it("checks once for a hundred who ask at once, and for who asks right after", async () => {
    // The result is kept for a second, which a hundred requests may take on a busy machine.
    const now = jest.spyOn(performance, "now").mockReturnValue(0);
    try {
      const answers = Array.from({ length: 100 }, ready);
      (await underWay()).well();
      expect(new Set(await Promise.all(answers))).toEqual(new Set([200]));
      expect(await ready()).toBe(200);
      expect(check).toHaveBeenCalledTimes(1);
    } finally {
      now.mockRestore();
    }
  });

  it("checks anew when its result is old, whether it was good or bad", async () => {
    const now = jest.spyOn(performance, "now");
    const at = (ms: number) => now.mockReturnValue(ms);
    try {
      at(0);
      const first = ready();
      (await underWay()).badly();
      expect(await first).toBe(503);
      at(900);
      expect(await ready()).toBe(503);
      expect(check).toHaveBeenCalledTimes(1);
      at(1_100);
      const second = ready();
      (await underWay()).well();
      expect(await second).toBe(200);
      expect(check).toHaveBeenCalledTimes(2);
    } finally {
      now.mockRestore();
    }
  });
});
