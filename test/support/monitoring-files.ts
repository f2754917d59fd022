import { readFile } from "node:fs/promises";

/** An expression of PromQL, and where it is used. */
export interface Expression {
  readonly where: string;
  readonly text: string;
}

interface Panel {
  readonly title: string;
  readonly targets?: readonly { readonly expr: string }[];
}

export interface Dashboard {
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] };
}

export const readDashboard = async (): Promise<Dashboard> =>
  JSON.parse(await readFile("ops/grafana/filedesk.json", "utf8"));

/** Those of its panels. */
export async function dashboardExpressions(): Promise<Expression[]> {
  const { panels } = await readDashboard();
  return panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => ({ where: `the panel "${title}"`, text: expr })),
  );
}

export const RULES = "ops/prometheus/filedesk.rules.yml";

/** Those of the alerts, by the alert's name. */
export async function alertExpressions(): Promise<Expression[]> {
  const text = await readFile(RULES, "utf8");
  return [...text.matchAll(/- alert: (\w+)\n\s+expr: (?:\|\n((?: {10}.*\n)+)|(.*)\n)/g)].map(
    ([, where = "", lines, line]) => ({ where, text: lines ?? line ?? "" }),
  );
}

const KEYWORDS = new Set(["and", "bool", "by", "ignoring", "on", "or", "unless", "without"]);

/** The metrics that an expression names: identifiers that are neither labels nor functions. */
export const metricsIn = (expression: string): string[] =>
  [
    ...expression
      .replace(/"(?:[^"\\]|\\.)*"/g, "")
      .replace(/\{[^}]*\}|\[[^\]]*\]/g, "")
      .replace(/\b(by|without|on|ignoring)\s*\([^)]*\)/g, "")
      .matchAll(/[A-Za-z_:][\w:]*(?!\w*\s*\()/g),
  ]
    .map(([name]) => name)
    .filter((name) => !KEYWORDS.has(name));
