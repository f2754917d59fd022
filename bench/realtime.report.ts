import type { Held } from "./realtime-memory.js";
import { median } from "./scenario.js";

export const SUBSCRIBERS = 1_000;
export const MESSAGES = 100;
/** Slow enough that each message has come to all before the next is sent. */
export const A_SECOND = 10;
/** Milliseconds from commit to arrival. */
const MARK_MS = 50;

/** What one round has shown. */
export interface Told {
  /** Milliseconds from a message's commit to its arrival, over all arrivals of the round. */
  readonly p50: number;
  readonly p99: number;
  /** The same from when it was sent. */
  readonly p50Sent: number;
  readonly p99Sent: number;
  /** Microseconds of the server's processor time for each arrival, the sending of the messages included. */
  readonly cpu: number;
  /** Arrivals a second, from the first message's sending to the last arrival. */
  readonly perSecond: number;
}

export interface Pair<Result> {
  readonly floor: Result;
  readonly filedesk: Result;
}

/** Messages at a pace that lets each arrive before the next. @param own with a part for each subscriber alone */
export function describePace(told: Pair<readonly Told[]>, own: readonly Told[]): string {
  const figures = { floor: figuresOf(told.floor), filedesk: figuresOf(told.filedesk) };
  const { p50 } = figures.filedesk;
  const reached = `mark: ${MARK_MS} ms, ${p50 < MARK_MS ? "reached" : "missed"}`;
  const row = (name: string, { p50, p99, p50Sent, p99Sent, cpu }: Told) =>
    `| ${name} | ${[p50, p99, p50Sent, p99Sent, cpu].map((figure) => figure.toFixed(1)).join(" | ")} |`;
  return [
    `**${MESSAGES} messages to ${SUBSCRIBERS} subscribers, ${A_SECOND} a second**: half of the arrivals are within ${p50.toFixed(1)} ms of the commit (${reached}), ${ratioOf(told, "p50")} times the floor`,
    "",
    "|  | p50 ms | p99 ms | p50 ms from sending | p99 ms from sending | server CPU µs/arrival |",
    "| --- | ---: | ---: | ---: | ---: | ---: |",
    ...NAMES.map(([name, key]) => row(name, figures[key])),
    row("Filedesk, with URLs signed for each", figuresOf(own)),
  ].join("\n");
}

/** Messages as fast as one can write them. */
export function describeRush(told: Pair<readonly Told[]>): string {
  const figures = { floor: figuresOf(told.floor), filedesk: figuresOf(told.filedesk) };
  return [
    `**The same, as fast as one writer can**: ${ratioOf(told, "perSecond")} of the floor`,
    "",
    "|  | arrivals/s | server CPU µs/arrival |",
    "| --- | ---: | ---: |",
    ...NAMES.map(
      ([name, key]) => `| ${name} | ${figures[key].perSecond.toFixed(0)} | ${figures[key].cpu.toFixed(1)} |`,
    ),
  ].join("\n");
}

export function describeMemory(held: Pair<readonly Held[]>): string {
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
const figuresOf = (rounds: readonly Told[]): Told => {
  const of = (figure: keyof Told) => median(rounds.map((round) => round[figure]));
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
const ratioOf = ({ floor, filedesk }: Pair<readonly Told[]>, figure: keyof Told): string =>
  median(filedesk.map((round, n) => round[figure] / (floor[n]?.[figure] ?? Number.NaN))).toFixed(2);
