import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { until } from "../../support/feed-world.js";
import { dashboardExpressions, RULES } from "../../support/monitoring-files.js";
import type { PrometheusServer } from "../../support/prometheus-server.js";
import { hasPrometheus, promtool, startPrometheus } from "../../support/prometheus-server.js";
import type { TicketWorld } from "../../support/ticket-world.js";
import { startTicketWorld, textFile } from "../../support/ticket-world.js";

interface QueryAnswer {
  readonly status: "success" | "error";
  readonly error?: string;
  readonly data?: { readonly result: readonly unknown[] };
}

interface RulesAnswer {
  readonly data: {
    readonly groups: readonly {
      readonly rules: readonly { readonly name: string; readonly health: string; readonly state: string }[];
    }[];
  };
}

/** Without a scanner, a failure or a dead job there is nothing to show. */
const EMPTY_WITHOUT_TROUBLE = [
  "Failures of steps",
  "Storage errors",
  "Runs",
  "Duration of runs, p95",
  "Event lag",
  "Failing requests",
];

(hasPrometheus() ? describe : describe.skip)("A Prometheus of the operator's", () => {
  let world: TicketWorld;
  let prometheus: PrometheusServer;

  beforeAll(async () => {
    world = await startTicketWorld({ env: { METRICS_PORT: "0" } });
    prometheus = await startPrometheus(world.server.metricsUrl!);
  });
  afterAll(async () => {
    await prometheus?.close();
    await world?.close();
  });

  it("finds the alerts well-formed, and nothing to criticize in the metrics of ours", async () => {
    expect(promtool(["check", "rules", RULES])).toMatchObject({ code: 0 });
    const text = await (await fetch(world.server.metricsUrl!)).text();
    const lines = text.split("\n").filter((line) => line.includes("filedesk_"));
    expect(promtool(["check", "metrics"], `${lines.join("\n")}\n`)).toEqual({ code: 0, output: "" });
  });

  it("scrapes a server, answers every query of the dashboard, and evaluates every alert", async () => {
    const { requester } = world.people;
    const companyId = await world.newCompany();
    const { id: ticketId } = await world.openTicket(requester, { companyId });
    const [attached] = await world.attach(requester, { ticketId, files: [textFile("note.txt")] });
    await (await fetch(attached!.url)).text();
    await world.server.gql("{ viewer { __typename } }", {}, requester.token);
    await world.server.gql("{ nonsense }", {}, requester.token);

    const query = (text: string) => prometheus.ask<QueryAnswer>("/api/v1/query", { query: text });
    let wrong: string[] = [];
    const ask = async () => {
      wrong = [];
      for (const { where, text } of await dashboardExpressions()) {
        const filled = text.replaceAll("$__rate_interval", "5m").replaceAll(/\$(job|instance)/g, ".*");
        const { error, data } = await query(filled);
        const mayBeEmpty = EMPTY_WITHOUT_TROUBLE.some((title) => where.includes(`"${title}"`));
        if (error !== undefined || (data?.result.length === 0 && !mayBeEmpty))
          wrong.push(`${where}: ${filled}: ${error ?? "no series"}`);
      }
      return wrong.length === 0;
    };
    // A rate needs two scrapes.
    await until(ask, 60_000).catch(() => {});
    expect(wrong).toEqual([]);

    const rules = async () => (await prometheus.ask<RulesAnswer>("/api/v1/rules")).data.groups[0]!.rules;
    await until(async () => (await rules()).every(({ health }) => health !== "unknown"), 60_000);
    expect((await rules()).filter(({ health }) => health !== "ok")).toEqual([]);
    expect((await rules()).filter(({ state }) => state === "firing")).toEqual([]);
  });
});
