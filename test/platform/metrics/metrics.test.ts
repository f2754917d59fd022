import { describe, expect, it } from "@jest/globals";
import { Gauge } from "prom-client";
import { createMetrics } from "../../../src/platform/metrics/metrics.js";

describe("Figures that are read for a scrape", () => {
  it("are absent while their reading fails or hangs, and keep nothing else from the scrape", async () => {
    const metrics = createMetrics();
    const gaugeOf = (name: string) =>
      new Gauge({ name, help: name, labelNames: ["of"], registers: [metrics.registry] });
    const [good, bad, stuck] = [gaugeOf("good"), gaugeOf("bad"), gaugeOf("stuck")];
    let isBroken = false;
    metrics.collect({ name: "good", gauges: [good], read: () => good.set({ of: "a" }, 1) });
    metrics.collect({
      name: "bad",
      gauges: [bad],
      async read() {
        bad.set({ of: "a" }, 1);
        if (isBroken) throw new Error("the database is away");
      },
    });
    metrics.collect({
      name: "stuck",
      gauges: [stuck],
      async read() {
        stuck.set({ of: "a" }, 1);
        if (isBroken) await new Promise(() => {});
      },
    });
    const figures = async () => {
      const text = await metrics.text();
      return text.split("\n").filter((line) => /^(good|bad|stuck|filedesk_metrics_coll)/.test(line));
    };
    const failures = (bad: number, stuck: number) => [
      'filedesk_metrics_collection_failures_total{collection="good"} 0',
      `filedesk_metrics_collection_failures_total{collection="bad"} ${bad}`,
      `filedesk_metrics_collection_failures_total{collection="stuck"} ${stuck}`,
    ];
    expect(await figures()).toEqual([
      ...failures(0, 0),
      'good{of="a"} 1',
      'bad{of="a"} 1',
      'stuck{of="a"} 1',
    ]);
    isBroken = true;
    expect(await figures()).toEqual([...failures(1, 1), 'good{of="a"} 1']);
  });

  it("are read once for scrapes at the same time, and not again before their time", async () => {
    const metrics = createMetrics();
    let readings = 0;
    const gauge = new Gauge({
      name: "kept",
      help: "kept",
      labelNames: ["of"],
      registers: [metrics.registry],
    });
    metrics.collect({
      name: "kept",
      gauges: [gauge],
      keepMs: 60_000,
      read: () => gauge.set({ of: "a" }, ++readings),
    });
    const texts = await Promise.all(Array.from({ length: 20 }, () => metrics.text()));
    expect(new Set(texts.map((text) => /^kept.*$/m.exec(text)?.[0]))).toEqual(new Set(['kept{of="a"} 1']));
    expect(await metrics.text()).toContain('kept{of="a"} 1');
  });
});
