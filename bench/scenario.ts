import type { Lane, LoadResult } from "./load.js";
import type { ServerProcess } from "./processes.js";
import { cpuOf, cpuOfChildren, peakMemoryOf, runLoad } from "./processes.js";

/** The environment of a scenario. */
export interface ScenarioEnvironment {
  readonly folder: string;
  readonly databaseUrl: string;
  readonly filedesk: ServerProcess;
}

/** The environment of a measurement, which starts servers itself. */
export interface BenchEnvironment extends Omit<ScenarioEnvironment, "filedesk"> {
  /** @param environment settings over those of the benchmarks */
  start(environment?: Readonly<Record<string, string>>): Promise<ServerProcess>;
}

/** Filedesk and floors that do the same work, and the load for all of them. */
export interface Scenario {
  readonly title: string;
  /** Target for Filedesk's throughput, as a share of the floor's. */
  readonly target: number;
  /** The target applies to the first one. */
  readonly floors: readonly ServerProcess[];
  readonly lanes: { readonly floor: readonly Lane[]; readonly filedesk: readonly Lane[] };
  /** Called between two rounds. */
  tidy(): Promise<void>;
}

export interface Round extends LoadResult {
  readonly perSecond: number;
  /** Milliseconds of processor time per request, in the server and in Postgres. */
  readonly serverCpu: number;
  readonly postgresCpu: number;
}

/** The median of each figure over the rounds. */
export interface Figures extends Omit<Round, "requests" | "seconds"> {
  readonly name: string;
  readonly peakMiB: number;
}

export interface Floor extends Figures {
  /** The median of the ratios of all rounds, because a temporary slowdown of the machine affects both. */
  readonly ratio: number;
}

export interface Outcome {
  readonly title: string;
  readonly target: number;
  readonly floors: readonly Floor[];
  readonly filedesk: Figures;
}

export interface Plan {
  readonly rounds: number;
  readonly seconds: number;
  readonly postmaster: number;
}

const WARM_UP_SECONDS = 3;

/** Loads the floors and Filedesk in turns. */
export async function measure(scenario: Scenario, filedesk: ServerProcess, plan: Plan): Promise<Outcome> {
  const servers = [...scenario.floors, filedesk];
  const lanesOf = (server: ServerProcess) => scenario.lanes[server === filedesk ? "filedesk" : "floor"];
  const rounds = new Map<ServerProcess, Round[]>(servers.map((server) => [server, []]));
  for (const server of servers)
    await runLoad({ port: server.port, seconds: WARM_UP_SECONDS, lanes: lanesOf(server) });
  filedesk.profile();
  for (let round = 0; round < plan.rounds; round++)
    for (const server of servers) {
      await scenario.tidy();
      rounds.get(server)?.push(await oneRound(server, lanesOf(server), plan));
    }
  const roundsOf = (server: ServerProcess) => rounds.get(server) ?? [];
  const ratioTo = (floor: ServerProcess) =>
    median(roundsOf(floor).map(({ perSecond }, n) => (roundsOf(filedesk)[n]?.perSecond ?? 0) / perSecond));
  const floors = scenario.floors.map(async (floor) => ({
    ...(await figuresOf(floor, roundsOf(floor))),
    ratio: ratioTo(floor),
  }));
  return {
    title: scenario.title,
    target: scenario.target,
    floors: await Promise.all(floors),
    filedesk: await figuresOf(filedesk, roundsOf(filedesk)),
  };
}

async function oneRound(server: ServerProcess, lanes: readonly Lane[], plan: Plan): Promise<Round> {
  const [cpuBefore, backendsBefore] = [await cpuOf(server.pid), await cpuOfChildren(plan.postmaster)];
  const result = await runLoad({ port: server.port, seconds: plan.seconds, lanes });
  const [cpu, backends] = [await cpuOf(server.pid), await cpuOfChildren(plan.postmaster)];
  let postgres = 0;
  for (const [pid, after] of backends) postgres += after - (backendsBefore.get(pid) ?? 0);
  return {
    ...result,
    perSecond: result.requests / result.seconds,
    serverCpu: (cpu - cpuBefore) / result.requests,
    postgresCpu: postgres / result.requests,
  };
}

async function figuresOf(server: ServerProcess, rounds: readonly Round[]): Promise<Figures> {
  const of = (figure: keyof Round) => median(rounds.map((round) => round[figure]));
  return {
    name: server.name,
    perSecond: of("perSecond"),
    p50: of("p50"),
    p99: of("p99"),
    serverCpu: of("serverCpu"),
    postgresCpu: of("postgresCpu"),
    peakMiB: await peakMemoryOf(server.pid),
  };
}

/** The median of figures. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2;
}
