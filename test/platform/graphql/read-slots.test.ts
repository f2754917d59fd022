import { describe, expect, it } from "@jest/globals";
import { createFairSlots } from "../../../src/kernel/fair-slots.js";
import { createReadAdmission } from "../../../src/platform/graphql/read-slots.js";
import { createRandom } from "../../support/random.js";

const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("slots that are shared", () => {
  it("go in turn to all who wait, and to none more than its part, whatever one of them asks for", () => {
    const slots = createFairSlots({ total: 4, perKey: 3 });
    const begun: string[] = [];
    const ask = (key: string, times: number) => {
      for (let count = 0; count < times; count++) slots.take(key, () => begun.push(key));
    };
    ask("greedy", 100);
    expect(begun).toHaveLength(3);
    ask("modest", 1);
    expect(begun.at(-1)).toBe("modest");
    ask("third", 2);
    ask("modest", 1);
    for (let count = 0; count < 3; count++) slots.release("greedy");
    expect(begun.slice(4).sort()).toEqual(["greedy", "modest", "third"]);
  });

  it("are never more than there are, and all come back, for ten thousand steps of chance", () => {
    const random = createRandom(27);
    const slots = createFairSlots({ total: 6, perKey: 2 });
    const active = new Map<string, number>();
    let begun = 0;
    let asked = 0;
    const leave = (key: string) => {
      active.set(key, (active.get(key) ?? 0) - 1);
      slots.release(key);
    };
    const check = () => {
      const counts = [...active.values()];
      expect(Math.max(0, ...counts)).toBeLessThanOrEqual(2);
      expect(counts.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(6);
    };
    for (let step = 0; step < 10_000; step++) {
      const key = `tenant ${Math.floor(random() * 9)}`;
      if (random() < 0.5) {
        asked++;
        slots.take(key, () => {
          begun++;
          active.set(key, (active.get(key) ?? 0) + 1);
        });
      } else if ((active.get(key) ?? 0) > 0) leave(key);
      check();
    }
    while ([...active.values()].some((count) => count > 0))
      for (const [key, count] of active) if (count > 0) leave(key);
    expect(begun).toBe(asked);
  });
});

describe("the reads of a request", () => {
  function held() {
    const ends: (() => void)[] = [];
    const read = () => new Promise<string>((resolve) => ends.push(() => resolve("read")));
    return { ends, read };
  }

  it("hold two connections of ten at most, and those of a tenant four", async () => {
    const admission = createReadAdmission(10);
    const { ends, read } = held();
    const reads: (string | Promise<string>)[] = [];
    const requests = Array.from({ length: 5 }, () => admission.forRequest("acme").fields);
    for (let count = 0; count < 40; count++) reads.push(requests[0]!.run(read));
    expect(ends).toHaveLength(2);
    for (const request of requests.slice(1))
      for (let count = 0; count < 5; count++) reads.push(request.run(read));
    expect(ends).toHaveLength(4);
    reads.push(admission.forRequest("globex").fields.run(read));
    expect(ends).toHaveLength(5);
    for (let ended = 0; ended < reads.length; ended++) {
      ends[ended]?.();
      await settled();
      await settled();
    }
    expect(new Set(await Promise.all(reads))).toEqual(new Set(["read"]));
  });

  it("go on behind one that fails, at once or later", async () => {
    const { fields } = createReadAdmission(1).forRequest("acme");
    expect(() =>
      fields.run(() => {
        throw new Error("at once");
      }),
    ).toThrow("at once");
    await expect(fields.run(() => Promise.reject(new Error("later")))).rejects.toThrow("later");
    const [first, second] = [fields.run(async () => 1), fields.run(async () => 2)];
    expect(await Promise.all([first, second])).toEqual([1, 2]);
  });

  it("are bounded: what is over is refused with a code, and so is what waits", async () => {
    const { fields } = createReadAdmission(10).forRequest("acme");
    const { ends, read } = held();
    const reads = Array.from({ length: 200 }, async () => fields.run(read));
    const outcomes = Promise.allSettled(reads);
    expect(() => fields.run(read)).toThrow(expect.objectContaining({ code: "QUERY_TOO_COMPLEX" }));
    for (const end of ends.splice(0)) end();
    const statuses = (await outcomes).map(({ status }) => status);
    expect(statuses.filter((status) => status === "fulfilled")).toHaveLength(2);
  });
});
