import { setTimeout as delay } from "node:timers/promises";
import type postgres from "postgres";
import { connectDriver } from "../src/platform/database/connect-driver.js";
import { cpuOf } from "./processes.js";
import type { DeliveryFigures, Pair } from "./realtime.report.js";
import {
  A_SECOND,
  describeMemory,
  describeSteadyLoad,
  describeThroughput,
  MESSAGES,
  SUBSCRIBERS,
} from "./realtime.report.js";
import type { Chat, ChatOptions } from "./realtime-chat.js";
import { openChat, openFloor, PERSONAL_QUERY, SHARED_QUERY } from "./realtime-chat.js";
import { MAX_IDLE, measureIdle } from "./realtime-memory.js";
import type { BenchEnvironment } from "./scenario.js";
import type { SubscribersProcess } from "./subscribers-process.js";

const PAUSE_MS = 1_000 / A_SECOND;
const WARM_UPS = 20;
/** Every fifth message has a small file. */
const FILE_EVERY = 5;

interface Plan {
  readonly rounds: number;
}

/** Measures how soon a thousand subscribers of a conversation get its messages, and how much memory idle ones take. */
export async function measureRealtime(environment: BenchEnvironment, plan: Plan): Promise<string> {
  const sql = connectDriver(environment.databaseUrl, { max: 1 });
  try {
    const common = { subscribers: SUBSCRIBERS, query: SHARED_QUERY };
    const { steady, fast } = await onChats(environment, sql, common, (chats) => measureDelivery(chats, plan));
    const own = await openChat(environment, sql, { ...common, query: PERSONAL_QUERY });
    const personal = await measureSteadyLoad(own, plan).finally(() => own.server.stop());
    const memory = await onChats(environment, sql, { ...common, subscribers: MAX_IDLE }, async (chats) => ({
      floor: await measureIdle(chats.floor),
      filedesk: await measureIdle(chats.filedesk),
    }));
    return [describeSteadyLoad(steady, personal), describeThroughput(fast), describeMemory(memory)].join(
      "\n\n",
    );
  } finally {
    await sql.end();
  }
}

async function onChats<Result>(
  environment: BenchEnvironment,
  sql: postgres.Sql,
  options: ChatOptions,
  work: (chats: Pair<Chat>) => Promise<Result>,
): Promise<Result> {
  const floor = await openFloor();
  try {
    const filedesk = await openChat(environment, sql, options);
    return await work({ floor, filedesk }).finally(() => filedesk.server.stop());
  } finally {
    await floor.server.stop();
  }
}

interface SubscribedChat {
  readonly chat: Chat;
  readonly subscribers: SubscribersProcess;
}

async function measureDelivery(chats: Pair<Chat>, { rounds }: Plan) {
  const started: SubscribersProcess[] = [];
  const subscribeTo = async (chat: Chat): Promise<SubscribedChat> => {
    const subscribers = await chat.subscribe(SUBSCRIBERS);
    started.push(subscribers);
    return { chat, subscribers };
  };
  const steady = { floor: [] as DeliveryFigures[], filedesk: [] as DeliveryFigures[] };
  const fast = { floor: [] as DeliveryFigures[], filedesk: [] as DeliveryFigures[] };
  try {
    const both = { floor: await subscribeTo(chats.floor), filedesk: await subscribeTo(chats.filedesk) };
    let first = 0;
    const inTurns = async (results: Pair<DeliveryFigures[]>, count: number, pauseMs: number) => {
      for (const name of ["floor", "filedesk"] as const)
        results[name].push(await oneRound(both[name], { first, count, pauseMs }));
      first += count;
    };
    await inTurns({ floor: [], filedesk: [] }, WARM_UPS, PAUSE_MS);
    await inTurns({ floor: [], filedesk: [] }, WARM_UPS, 0);
    chats.filedesk.server.profile();
    for (let round = 0; round < rounds; round++) {
      await inTurns(steady, MESSAGES, PAUSE_MS);
      await inTurns(fast, MESSAGES, 0);
    }
  } finally {
    for (const subscribers of started) await subscribers.stop();
  }
  return { steady, fast };
}

async function measureSteadyLoad(chat: Chat, { rounds }: Plan): Promise<DeliveryFigures[]> {
  const subscribers = await chat.subscribe(SUBSCRIBERS);
  try {
    const results: DeliveryFigures[] = [];
    await oneRound({ chat, subscribers }, { first: 0, count: WARM_UPS, pauseMs: PAUSE_MS });
    for (let first = WARM_UPS; results.length < rounds; first += MESSAGES)
      results.push(await oneRound({ chat, subscribers }, { first, count: MESSAGES, pauseMs: PAUSE_MS }));
    return results;
  } finally {
    await subscribers.stop();
  }
}

interface Turn {
  readonly first: number;
  readonly count: number;
  /** From the start of one message to the start of the next; 0 sends the next when the last is answered. */
  readonly pauseMs: number;
}

async function oneRound(
  { chat: { server, send, commitsFrom }, subscribers }: SubscribedChat,
  { first, count, pauseMs }: Turn,
): Promise<DeliveryFigures> {
  const cpuBefore = await cpuOf(server.pid);
  const sent: number[] = [];
  const begin = now();
  for (let n = 0; n < count; n++) {
    await delay(Math.max(0, begin + n * pauseMs - now()));
    sent.push(now());
    await send(`${first + n} The lift stands between two floors again.`, n % FILE_EVERY === 0);
  }
  await subscribers.received(first + count);
  const cpu = (await cpuOf(server.pid)) - cpuBefore;
  const committed = await commitsFrom(first);
  const arrivals = await subscribers.arrivalsFrom(first);
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
