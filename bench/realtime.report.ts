import type { IdleMemory } from "./realtime-memory.js";
import { median } from "./scenario.js";

export const SUBSCRIBERS = 1_000;
export const MESSAGES = 100;
/** Slow enough that each message has reached all subscribers before the next is sent. */
export const A_SECOND = 10;
/** Target for the milliseconds from commit to arrival. */
const TARGET_MS = 50;

/** The figures of one round. */
export interface DeliveryFigures {
  /** Milliseconds from a message's commit to its arrival, over all arrivals of the round. */
  readonly p50: number;
  readonly p99: number;
  /** The same from the time of sending. */
  readonly p50Sent: number;
  readonly p99Sent: number;
  /** Microseconds of the server's processor time for each arrival, including sending. */
  readonly cpu: number;
  /** Arrivals per second, from the first sending to the last arrival. */
  readonly perSecond: number;
}

export interface Pair<Result> {
  readonly floor: Result;
  readonly filedesk: Result;
}

/** Messages at a rate that lets each arrive before the next. @param own figures of the query with a personal part */
export function describeSteadyLoad(
  results: Pair<readonly DeliveryFigures[]>,
  own: readonly DeliveryFigures[],
): string {
  const figures = { floor: figuresOf(results.floor), filedesk: figuresOf(results.filedesk) };
  const { p50 } = figures.filedesk;
  const reached = `target: ${TARGET_MS} ms, ${p50 < TARGET_MS ? "reached" : "missed"}`;
  const row = (name: string, { p50, p99, p50Sent, p99Sent, cpu }: DeliveryFigures) =>
    `| ${name} | ${[p50, p99, p50Sent, p99Sent, cpu].map((figure) => figure.toFixed(1)).join(" | ")} |`;
  return [
    `**${MESSAGES} messages to ${SUBSCRIBERS} subscribers, ${A_SECOND} a second**: half of the arrivals are within ${p50.toFixed(1)} ms of the commit (${reached}), ${ratioOf(results, "p50")} times the floor`,
    "",
    "|  | p50 ms | p99 ms | p50 ms from sending | p99 ms from sending | server CPU µs/arrival |",
    "| --- | ---: | ---: | ---: | ---: | ---: |",
    ...NAMES.map(([name, key]) => row(name, figures[key])),
    row("Filedesk, with URLs signed for each", figuresOf(own)),
  ].join("\n");
}

/** Messages as fast as one writer can send them. */
export function describeThroughput(results: Pair<readonly DeliveryFigures[]>): string {
  const figures = { floor: figuresOf(results.floor), filedesk: figuresOf(results.filedesk) };
  return [
    `**The same, as fast as one writer can**: ${ratioOf(results, "perSecond")} of the floor`,
    "",
    "|  | arrivals/s | server CPU µs/arrival |",
    "| --- | ---: | ---: |",
    ...NAMES.map(
      ([name, key]) => `| ${name} | ${figures[key].perSecond.toFixed(0)} | ${figures[key].cpu.toFixed(1)} |`,
    ),
  ].join("\n");
}

export function describeMemory(held: Pair<readonly IdleMemory[]>): string {
  return [
    "**Memory of idle subscribers**, over what the server holds without any",
    "",
    "|  | subscribers | server MiB | KiB each | of it JavaScript KiB |",
    "| --- | ---: | ---: | ---: | ---: |",
    ...NAMES.flatMap(([name, key]) =>
      held[key].map(
        ({ subscribers, resident, each }) =>
          `| ${name} | ${subscribers} | ${resident.toFixed(0)} | ${each.resident.toFixed(1)} | ${each.used.toFixed(1)} |`,
      ),
    ),
  ].join("\n");
}

const NAMES = [
  ["floor: a bare `ws` broadcast", "floor"],
  ["Filedesk", "filedesk"],
] as const;

/** The median of each figure over the rounds. */
const figuresOf = (rounds: readonly DeliveryFigures[]): DeliveryFigures => {
  const of = (figure: keyof DeliveryFigures) => median(rounds.map((round) => round[figure]));
  return {
    p50: of("p50"),
    p99: of("p99"),
    p50Sent: of("p50Sent"),
    p99Sent: of("p99Sent"),
    cpu: of("cpu"),
    perSecond: of("perSecond"),
  };
};

/** The median of each round's own ratio. */
const ratioOf = (
  { floor, filedesk }: Pair<readonly DeliveryFigures[]>,
  figure: keyof DeliveryFigures,
): string =>
  median(filedesk.map((round, n) => round[figure] / (floor[n]?.[figure] ?? Number.NaN))).toFixed(2);
