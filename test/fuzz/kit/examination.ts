import type { Campaign } from "./campaign.js";
import type { Sequence } from "./door.js";
import type { Finding, Suspicion } from "./finding.js";
import { signatureOf } from "./finding.js";
import type { World } from "./fuzz-world.js";
import { openWorld } from "./fuzz-world.js";
import { shrink } from "./shrink.js";

/** Whoever else waits for the event loop waits no longer than this. */
export const MOST_BLOCKED_MS = 100;
/** A block counts if a case causes it each time: a busy machine and the garbage of others cause some as well. */
const BLOCK_TRIES = 5;
/** Cases that are kept, to be sent again. */
const KEPT_CASES = 2_000;
const REPLAYS_OF_WORLD = 20;
const SHRINK_TRIES = 200;
const SHRINK_MS = 60_000;
/** Findings with the same signature are looked at so often. */
const OF_A_KIND = 1;

interface SeenCase {
  readonly n: number;
  readonly input: unknown;
  readonly from: number;
  readonly to: number;
}

/** Gathers what looks wrong while cases run, and sends those that may have caused it again, alone. */
export class Examination {
  readonly findings: Finding[] = [];
  /** Blocks that no case causes when it is alone. */
  readonly unexplained: Suspicion[] = [];
  private readonly campaign: Campaign;
  private readonly seen = new Map<number, SeenCase>();
  private readonly suspicions = new Map<string, Suspicion[]>();
  private hasEnded = false;
  private world: World | null = null;
  private replays = 0;

  constructor(campaign: Campaign) {
    this.campaign = campaign;
  }

  saw(seen: SeenCase): void {
    this.seen.set(seen.n, seen);
    const [oldest] = this.seen.keys();
    if (this.seen.size > KEPT_CASES && oldest !== undefined && !this.isSuspected(oldest))
      this.seen.delete(oldest);
  }

  suspect(suspicion: Suspicion): void {
    const signature = signatureOf(suspicion);
    const alike = this.suspicions.get(signature) ?? [];
    this.suspicions.set(signature, [...alike, suspicion]);
  }

  /** What needs no proof. */
  report(suspicion: Suspicion): void {
    this.findings.push({ ...suspicion, isReproduced: false });
  }

  /** Reads the server's log and its blocks, and notes which cases were in progress then. */
  async look(): Promise<void> {
    const { server } = this.campaign;
    for (const { time, text } of server.newFaults())
      this.suspect({ kind: "log", what: text, cases: this.during(time - 1_000, time) });
    const blocks = await server.blocks();
    const ending = server.ending();
    if (ending !== null) {
      if (!this.hasEnded)
        this.suspect({ kind: "crash", what: ending, cases: [...this.seen.keys()].slice(-10) });
      this.hasEnded = true;
      return;
    }
    this.hasEnded = false;
    for (const { ms, from, to } of blocks) {
      if (ms > MOST_BLOCKED_MS)
        this.suspect({ kind: "block", what: `for ${ms.toFixed(0)} ms`, cases: this.during(from, to) });
    }
  }

  /** Sends the cases of all suspicions again, each by itself, and makes findings of those that hold. */
  async examine(): Promise<void> {
    const { server } = this.campaign;
    for (const alike of this.suspicions.values())
      for (const suspicion of alike.slice(0, isOfBlocks(alike) ? alike.length : OF_A_KIND)) {
        const culprit = await this.culpritOf(suspicion);
        if (culprit) this.findings.push(await this.smallest(suspicion, culprit, alike.length));
        // A block that no case causes by itself is one of the machine's, or of all of them together.
        else if (suspicion.kind === "block") this.unexplained.push(suspicion);
        else this.report(suspicion);
      }
    this.suspicions.clear();
    if (server.ending() !== null) await server.restart();
  }

  private isSuspected(n: number): boolean {
    return [...this.suspicions.values()].some((alike) => alike.some(({ cases }) => cases.includes(n)));
  }

  private during(from: number, to: number): number[] {
    return [...this.seen.values()].filter((seen) => seen.from <= to && seen.to >= from).map(({ n }) => n);
  }

  private async culpritOf({ kind, cases }: Suspicion): Promise<SeenCase | null> {
    for (const n of cases) {
      const seen = this.seen.get(n);
      if (seen && (await this.happens(kind, seen.input))) return seen;
    }
    return null;
  }

  private async smallest(suspicion: Suspicion, { n, input }: SeenCase, times: number): Promise<Finding> {
    const { sequence, describe } = this.campaign.door;
    const deadline = Date.now() + SHRINK_MS;
    const shortest = await shrink(
      sequence.of(input),
      async (shorter: Sequence) =>
        Date.now() < deadline && (await this.happens(suspicion.kind, sequence.replace(input, shorter))),
      SHRINK_TRIES,
    );
    const what = times > 1 ? `${suspicion.what} (and ${times - 1} alike)` : suspicion.what;
    return {
      ...suspicion,
      what,
      cases: [n],
      isReproduced: true,
      input: describe(sequence.replace(input, shortest)),
    };
  }

  /** A world that nothing but some cases that were sent again have changed. */
  private async cleanWorld(): Promise<World> {
    if (this.replays++ % REPLAYS_OF_WORLD === 0) this.world = null;
    this.world ??= await openWorld(this.campaign.server);
    return this.world;
  }

  /** Whether an input does it, alone. */
  private async happens(kind: Suspicion["kind"], input: unknown): Promise<boolean> {
    const { server, door } = this.campaign;
    if (server.ending() !== null) await server.restart();
    const world = await this.cleanWorld();
    server.newFaults();
    await server.blocks();
    for (let left = kind === "block" ? BLOCK_TRIES : 1; left > 0; left--) {
      const { problem } = await door.play(input, { server, world });
      if ((await server.settledEnding()) !== null) return kind === "crash";
      if (kind === "crash") return false;
      if (kind === "answer") return problem !== null;
      if (kind === "log") return server.newFaults().length > 0;
      const longest = Math.max(0, ...(await server.blocks()).map(({ ms }) => ms));
      if (longest <= MOST_BLOCKED_MS) return false;
    }
    return true;
  }
}

/** Blocks all look alike, whatever caused them: each is looked at. */
const isOfBlocks = ([first]: readonly Suspicion[]): boolean => first?.kind === "block";
