import type { Door } from "./door.js";
import { Examination } from "./examination.js";
import type { Finding, Suspicion } from "./finding.js";
import type { Descriptors, FuzzServer, Memory } from "./fuzz-server.js";
import type { World } from "./fuzz-world.js";
import { openWorld } from "./fuzz-world.js";
import { createSource } from "./source.js";

export interface Campaign {
  readonly door: Door;
  readonly server: FuzzServer;
  readonly seed: number;
  readonly count: number;
  /** Called now and then with how many cases were sent. */
  onProgress?(sent: number): void;
}

export interface CampaignReport {
  readonly door: string;
  readonly seed: number;
  readonly cases: number;
  readonly seconds: number;
  /** How often the server said what. */
  readonly tally: ReadonlyMap<string, number>;
  /** In how many cases it did what was asked for. */
  readonly accepted: number;
  /** Blocks of the event loop that no case causes when it is alone. */
  readonly unexplained: readonly Suspicion[];
  /** After the warm-up, after the first half of the rest, and after the second. */
  readonly memory: readonly Memory[];
  readonly findings: readonly Finding[];
}

/** The share of the cases in which caches and pools fill, before anything is compared. */
const WARM_UP = 0.1;
/** The share of the cases that may be refused for a rate: what is refused tries nothing. */
const MOST_LIMITED = 0.02;
/** So many cases share a company, and what they do to it. */
const CASES_OF_WORLD = 250;
const SHOWN_LEFT = 5;
const MIB = 1024 * 1024;
/**
 * What may be held more after the second half than after the first, of two halves that do the same: noise of the
 * collector and of the allocator. Chosen, not measured: a leak that matters grows with every request.
 */
export const MOST_GROWTH: Memory = { resident: 48 * MIB, used: 6 * MIB };

/** Sends the cases of a door, and looks at the server: while they run, and when it is quiet again. */
export async function runCampaign(campaign: Campaign): Promise<CampaignReport> {
  const { door, server, seed, count } = campaign;
  const started = performance.now();
  const examination = new Examination(campaign);
  const tally: Tally = { said: new Map(), accepted: 0 };
  const memory: Memory[] = [];
  const { restarts } = server;
  let descriptors: Descriptors | undefined;
  let from = 0;
  const warm = Math.ceil(count * WARM_UP);
  await server.becomeQuiet();
  for (const to of [warm, warm + Math.ceil((count - warm) / 2), count]) {
    await runCases({ campaign, examination, tally, from, to });
    await examination.examine();
    const left = await server.becomeQuiet(descriptors);
    if (left.length > 0) {
      const more = left.length > SHOWN_LEFT ? ` and ${left.length - SHOWN_LEFT} more` : "";
      const what = `${left.slice(0, SHOWN_LEFT).join("; ")}${more}`;
      examination.report({ kind: "left behind", what, cases: [] });
    }
    descriptors ??= await server.descriptors();
    memory.push(await server.memory());
    from = to;
  }
  const limited = [...tally.said].filter(([said]) => said.includes("RATE_LIMITED"));
  if (limited.reduce((sum, [, times]) => sum + times, 0) > MOST_LIMITED * count)
    examination.report({ kind: "answer", what: "rates refuse what was to be tried", cases: [] });
  // One that was started again has its caches to fill.
  const [, first, second] = server.restarts === restarts ? memory : [];
  for (const part of ["resident", "used"] as const)
    if (first && second && second[part] - first[part] > MOST_GROWTH[part])
      examination.report({
        kind: "memory",
        what: `${part}: ${memory.map((held) => (held[part] / MIB).toFixed(1)).join(" → ")} MiB`,
        cases: [],
      });
  return {
    door: door.name,
    seed,
    cases: count,
    seconds: (performance.now() - started) / 1_000,
    tally: tally.said,
    accepted: tally.accepted,
    unexplained: examination.unexplained,
    memory,
    findings: examination.findings,
  };
}

interface Tally {
  readonly said: Map<string, number>;
  accepted: number;
}

interface Cases {
  readonly campaign: Campaign;
  readonly examination: Examination;
  readonly tally: Tally;
  readonly from: number;
  readonly to: number;
}

async function runCases({ campaign, examination, tally, from, to }: Cases): Promise<void> {
  const { door, server, seed } = campaign;
  const worlds = new Map<number, Promise<World>>();
  // Not those of the start, of garbage collections that were asked for, and of other cases.
  await server.blocks();
  const worldOf = (n: number): Promise<World> => {
    const number = Math.floor(n / CASES_OF_WORLD);
    if (!worlds.has(number)) worlds.set(number, openWorld(server));
    return worlds.get(number)!;
  };
  const runCase = async (n: number) => {
    const world = await worldOf(n);
    const input = door.make(createSource(seed, door.name, n), world);
    const begun = Date.now();
    const { said, problem, isAccepted } = await door.play(input, { server, world });
    tally.said.set(said, (tally.said.get(said) ?? 0) + 1);
    if (isAccepted) tally.accepted++;
    examination.saw({ n, input, from: begun, to: Date.now() });
    if (problem !== null && (await server.settledEnding()) === null)
      examination.suspect({ kind: "answer", what: problem, cases: [n] });
  };
  let next = from;
  const work = async () => {
    while (next < to && server.ending() === null) {
      const n = next++;
      try {
        await runCase(n);
      } catch (error) {
        // Nobody opens a world in a server that has just ended.
        if ((await server.settledEnding()) === null) throw error;
      }
      if (n % CASES_OF_WORLD === CASES_OF_WORLD - 1) {
        await examination.look();
        campaign.onProgress?.(n + 1);
      }
    }
  };
  while (next < to) {
    await Promise.all(Array.from({ length: door.atOnce }, work));
    await examination.look();
    if (server.ending() !== null) {
      await server.restart();
      worlds.clear();
    }
  }
}
