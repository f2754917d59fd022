import { setTimeout as delay } from "node:timers/promises";
import postgres from "postgres";
import type { CrowdProcess } from "./crowd.js";
import { cpuOf } from "./processes.js";
import type { Pair, Told } from "./realtime.report.js";
import {
  A_SECOND,
  describeMemory,
  describePace,
  describeRush,
  MESSAGES,
  SUBSCRIBERS,
} from "./realtime.report.js";
import type { Chat, ChatOptions } from "./realtime-chat.js";
import { IN_COMMON, openChat, openFloor, THEIR_OWN } from "./realtime-chat.js";
import { holdIdle, MOST } from "./realtime-memory.js";
import type { OpenGround } from "./scenario.js";

const PAUSE_MS = 1_000 / A_SECOND;
const WARM_UPS = 20;
/** Every so manieth message has a small file. */
const FILE_EVERY = 5;

interface Plan {
  readonly rounds: number;
}

/** How soon a thousand who follow one conversation have its messages, and what they cost while nothing happens. */
export async function measureRealtime(ground: OpenGround, plan: Plan): Promise<string> {
  const sql = postgres(ground.databaseUrl, { max: 1, onnotice: () => {} });
  try {
    const common = { followers: SUBSCRIBERS, query: IN_COMMON };
    const { pace, rush } = await onChats(ground, sql, common, (chats) => measureTelling(chats, plan));
    const own = await openChat(ground, sql, { ...common, query: THEIR_OWN });
    const personal = await measurePace(own, plan).finally(() => own.server.stop());
    const memory = await onChats(ground, sql, { ...common, followers: MOST }, async (chats) => ({
      floor: await holdIdle(chats.floor),
      filedesk: await holdIdle(chats.filedesk),
    }));
    return [describePace(pace, personal), describeRush(rush), describeMemory(memory)].join("\n\n");
  } finally {
    await sql.end();
  }
}

async function onChats<Result>(
  ground: OpenGround,
  sql: postgres.Sql,
  options: ChatOptions,
  work: (chats: Pair<Chat>) => Promise<Result>,
): Promise<Result> {
  const floor = await openFloor();
  try {
    const filedesk = await openChat(ground, sql, options);
    return await work({ floor, filedesk }).finally(() => filedesk.server.stop());
  } finally {
    await floor.server.stop();
  }
}

interface Followed {
  readonly chat: Chat;
  readonly crowd: CrowdProcess;
}

async function measureTelling(chats: Pair<Chat>, { rounds }: Plan) {
  const crowds: CrowdProcess[] = [];
  const followed = async (chat: Chat): Promise<Followed> => {
    const crowd = await chat.gather(SUBSCRIBERS);
    crowds.push(crowd);
    return { chat, crowd };
  };
  const pace = { floor: [] as Told[], filedesk: [] as Told[] };
  const rush = { floor: [] as Told[], filedesk: [] as Told[] };
  try {
    const both = { floor: await followed(chats.floor), filedesk: await followed(chats.filedesk) };
    let first = 0;
    const inTurns = async (told: Pair<Told[]>, count: number, pauseMs: number) => {
      for (const name of ["floor", "filedesk"] as const)
        told[name].push(await oneRound(both[name], { first, count, pauseMs }));
      first += count;
    };
    await inTurns({ floor: [], filedesk: [] }, WARM_UPS, PAUSE_MS);
    await inTurns({ floor: [], filedesk: [] }, WARM_UPS, 0);
    chats.filedesk.server.profile();
    for (let round = 0; round < rounds; round++) {
      await inTurns(pace, MESSAGES, PAUSE_MS);
      await inTurns(rush, MESSAGES, 0);
    }
  } finally {
    for (const crowd of crowds) await crowd.disperse();
  }
  return { pace, rush };
}

async function measurePace(chat: Chat, { rounds }: Plan): Promise<Told[]> {
  const crowd = await chat.gather(SUBSCRIBERS);
  try {
    const told: Told[] = [];
    await oneRound({ chat, crowd }, { first: 0, count: WARM_UPS, pauseMs: PAUSE_MS });
    for (let first = WARM_UPS; told.length < rounds; first += MESSAGES)
      told.push(await oneRound({ chat, crowd }, { first, count: MESSAGES, pauseMs: PAUSE_MS }));
    return told;
  } finally {
    await crowd.disperse();
  }
}

interface Turn {
  readonly first: number;
  readonly count: number;
  /** From the beginning of one message to that of the next; without, the next is sent when the last is answered. */
  readonly pauseMs: number;
}

async function oneRound(
  { chat: { server, send, commitsFrom }, crowd }: Followed,
  { first, count, pauseMs }: Turn,
): Promise<Told> {
  const cpuBefore = await cpuOf(server.pid);
  const sent: number[] = [];
  const begin = now();
  for (let n = 0; n < count; n++) {
    await delay(Math.max(0, begin + n * pauseMs - now()));
    sent.push(now());
    await send(`${first + n} The lift stands between two floors again.`, n % FILE_EVERY === 0);
  }
  await crowd.have(first + count);
  const cpu = (await cpuOf(server.pid)) - cpuBefore;
  const committed = await commitsFrom(first);
  const arrivals = await crowd.arrivalsFrom(first);
  const since = (moments: readonly number[]) =>
    arrivals.flatMap((ofMessage, n) => Array.from(ofMessage, (at) => at - (moments[n] ?? Number.NaN)));
  const [fromCommit, fromSending] = [quantiles(since(committed)), quantiles(since(sent))];
  const all = arrivals.reduce((sum, ofMessage) => sum + ofMessage.length, 0);
  const last = Math.max(...arrivals.map((ofMessage) => Math.max(...ofMessage)));
  return {
    p50: fromCommit(0.5),
    p99: fromCommit(0.99),
    p50Sent: fromSending(0.5),
    p99Sent: fromSending(0.99),
    cpu: (cpu * 1_000) / all,
    perSecond: all / ((last - begin) / 1_000),
  };
}

const now = () => performance.timeOrigin + performance.now();

function quantiles(values: readonly number[]): (part: number) => number {
  const sorted = Float64Array.from(values).sort();
  return (part) => sorted[Math.floor(part * (sorted.length - 1))] ?? Number.NaN;
}
