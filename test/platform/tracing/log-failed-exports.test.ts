import { describe, expect, it } from "@jest/globals";
import type { SpanExporter } from "@opentelemetry/sdk-trace";
import { pino } from "pino";
import { logFailedExports } from "../../../src/platform/tracing/log-failed-exports.js";

type Result = Parameters<Parameters<SpanExporter["export"]>[1]>[0];

describe("An exporter of spans", () => {
  it("logs once a minute that it fails, and never that it succeeds", () => {
    const lines: string[] = [];
    const log = pino({ level: "warn" }, { write: (line: string) => void lines.push(line) });
    let result: Result = { code: 0 };
    const failing: SpanExporter = { export: (_spans, done) => done(result), shutdown: async () => {} };
    const exporter = logFailedExports(failing, log);
    const results: Result[] = [];
    const send = () => exporter.export([], (each) => void results.push(each));
    send();
    expect(lines).toEqual([]);
    result = { code: 1, error: new Error("connect ECONNREFUSED") };
    send();
    send();
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0]!)).toMatchObject({
      msg: "traces could not be sent; they are dropped",
      err: { message: "connect ECONNREFUSED" },
    });
    expect(results.map(({ code }) => code)).toEqual([0, 1, 1]);
  });
});
