import { describe, expect, it } from "@jest/globals";
import { pino } from "pino";
import { startSchedule } from "../../src/platform/schedule.js";

const silent = pino({ level: "silent" });

describe("recurring tasks", () => {
  it("run at once and again, also after a failure, and never after the stop", async () => {
    let runs = 0;
    let third = () => {};
    const ranThrice = new Promise<void>((resolve) => {
      third = resolve;
    });
    const task = {
      name: "test",
      everyMs: 1,
      run: async () => {
        runs += 1;
        if (runs === 3) third();
        if (runs === 1) throw new Error("the first time");
      },
    };
    const schedule = startSchedule([task], silent);
    await ranThrice;
    await schedule.stop();
    const atStop = runs;
    await new Promise((resolve) => setImmediate(resolve));
    expect(runs).toBe(atStop);
  });

  it("a stop waits for the run that is under way", async () => {
    let finish = () => {};
    let done = false;
    const running = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const task = {
      name: "test",
      everyMs: 60_000,
      run: async () => {
        await running;
        done = true;
      },
    };
    const stopping = startSchedule([task], silent).stop();
    finish();
    await stopping;
    expect(done).toBe(true);
  });
});
