import { cpus } from "node:os";
import type { Figures, Outcome } from "./scenario.js";

const HEAD = [
  "",
  "requests/s",
  "p50 ms",
  "p99 ms",
  "server CPU ms/request",
  "Postgres CPU ms/request",
  "peak memory MiB",
];

/** The machine and the kind of measurement. */
export function heading({ rounds, seconds }: { rounds: number; seconds: number }): string {
  const processors = cpus();
  const machine = `${processors.length} × ${processors[0]?.model.trim()}, Node ${process.versions.node}`;
  return `${machine}; medians of ${rounds} rounds of ${seconds} s for each server, in turns.`;
}

/** An outcome as Markdown. */
export function section({ title, target, floors, filedesk }: Outcome): string {
  const [ratio = 0, ...others] = floors.map((floor) => floor.ratio);
  const reached = `target: ${target.toFixed(2)}, ${ratio >= target ? "reached" : "missed"}`;
  const beside = others.map((other) => `, ${other.toFixed(2)} of the other`).join("");
  return [
    `**${title}**: ${ratio.toFixed(2)} of the floor (${reached})${beside}`,
    "",
    row(HEAD),
    row(HEAD.map((_, column) => (column === 0 ? "---" : "---:"))),
    ...floors.map((floor) => row(cellsOf(`floor: ${floor.name}`, floor))),
    row(cellsOf(filedesk.name, filedesk)),
  ].join("\n");
}

const cellsOf = (name: string, figures: Figures): string[] => [
  name,
  figures.perSecond.toFixed(0),
  figures.p50.toFixed(1),
  figures.p99.toFixed(1),
  figures.serverCpu.toFixed(2),
  figures.postgresCpu.toFixed(2),
  figures.peakMiB.toFixed(0),
];

const row = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
