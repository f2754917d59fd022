import { fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { call, openTicket, signIn } from "./desk-client.js";
import type { Pressure, Target } from "./pressures.js";
import { PRESSURES } from "./pressures.js";
import { exitOf, modulePath } from "./processes.js";
import type { BenchEnvironment } from "./scenario.js";

/** Target: no input blocks the event loop for longer, in milliseconds. */
const TARGET_MS = 100;
const FILE_BYTES = 8_000_000;
/** Pause between two pressures, so that the work of one ends before the next. */
const REST_MS = 2_000;

interface Found {
  readonly pressure: string;
  readonly outcome: string;
  readonly block: number;
  readonly p99: number;
  readonly worst: number;
  readonly residentMiB: number;
}

/** Measures the latency of a server, and the blocks of its event loop, under several kinds of pressure. */
export async function measurePressure(
  environment: BenchEnvironment,
  { seconds }: { seconds: number },
): Promise<string> {
  // With its limits, which are what is measured.
  const server = await environment.start({ ...DEFAULT_LIMITS, WORKER: "off" });
  const target = await openTarget(server.port);
  const watcher = fork(modulePath("watch.js"), [String(server.port)]);
  const ended = exitOf(watcher, "the watcher");
  ended.catch(() => {});
  const takeLatencies = async (): Promise<number[]> => {
    watcher.send("report");
    const [latencies] = (await Promise.race([once(watcher, "message"), ended])) as [number[]];
    return latencies.sort((a, b) => a - b);
  };
  const measureOne = async (pressure: Pressure): Promise<Found> => {
    await delay(REST_MS);
    await takeLatencies();
    await server.longestBlock();
    const outcome = await pressure.press(target, seconds);
    const [latencies, block] = [await takeLatencies(), await server.longestBlock()];
    const { resident } = await server.memory();
    return {
      pressure: pressure.name,
      outcome,
      block,
      p99: latencies[Math.floor(0.99 * (latencies.length - 1))] ?? Number.NaN,
      worst: latencies.at(-1) ?? Number.NaN,
      residentMiB: resident / 2 ** 20,
    };
  };
  const found: Found[] = [];
  try {
    for (const pressure of PRESSURES) found.push(await measureOne(pressure));
  } finally {
    watcher.kill();
  }
  return describe(found);
}

const DEFAULT_LIMITS = {
  TICKET_FILES: "",
  TICKET_MEGABYTES: "",
  UPLOADS_PER_MINUTE: "",
  UPLOAD_FILES_PER_MINUTE: "",
  CREATIONS_PER_MINUTE: "",
  MESSAGES_PER_MINUTE: "",
  SUBSCRIPTIONS_PER_MINUTE: "",
  CHANGES_PER_MINUTE: "",
  UPLOADS_AT_ONCE: "",
};

const START = "mutation ($input: StartConversationInput!) { startConversation(input: $input) { id } }";
const INVITE = "mutation ($input: InviteGuestInput!) { inviteGuest(input: $input) { token } }";
const JOIN = "mutation ($token: String!) { joinAsGuest(token: $token) { accessToken } }";
const SAY = "mutation ($input: SendMessageInput!) { sendMessage(input: $input) { id } }";
const URL_OF = "query ($id: ID!) { ticket(id: $id) { attachments(first: 1) { nodes { url } } } }";

async function openTarget(port: number): Promise<Target> {
  const [agent, customer] = [await signIn(port, "agent@acme.test"), await signIn(port, "customer@acme.test")];
  const ask = <Data>(token: string | null, query: string, variables: object) =>
    call<Data>(port, token, JSON.stringify({ query, variables }));
  const { companyId } = agent;
  const { startConversation } = await ask<{ startConversation: { id: string } }>(agent.token, START, {
    input: { companyId, subject: "The lift is stuck" },
  });
  const conversationId = startConversation.id;
  const { inviteGuest } = await ask<{ inviteGuest: { token: string } }>(agent.token, INVITE, {
    input: { conversationId, displayName: "Room 204" },
  });
  const { joinAsGuest } = await ask<{ joinAsGuest: { accessToken: string } }>(null, JOIN, {
    token: inviteGuest.token,
  });
  const file = new File(["The lift is stuck again.\n".repeat(FILE_BYTES / 25)], "lift.txt");
  const ticketId = await openTicket(port, customer, { subject: "The lift", files: [file] });
  const { ticket } = await ask<{ ticket: { attachments: { nodes: { url: string }[] } } }>(
    customer.token,
    URL_OF,
    { id: ticketId },
  );
  return {
    port,
    customer: customer.token,
    guest: joinAsGuest.accessToken,
    conversationId,
    fileUrl: ticket.attachments.nodes[0]?.url ?? "",
    say: (body) => ask(agent.token, SAY, { input: { conversationId, body } }),
  };
}

function describe(found: readonly Found[]): string {
  const worst = Math.max(...found.map(({ block }) => block));
  return [
    `**A server under pressure**: its event loop was blocked for at most ${worst.toFixed(0)} ms (target: ${TARGET_MS}, ${worst < TARGET_MS ? "reached" : "missed"})`,
    "",
    "|  | longest block ms | healthz p99 ms | healthz worst ms | MiB behind it | outcome |",
    "| --- | ---: | ---: | ---: | ---: | --- |",
    ...found.map(
      ({ pressure, outcome, block, p99, worst, residentMiB }) =>
        `| ${pressure} | ${[block, p99, worst, residentMiB].map((figure) => figure.toFixed(0)).join(" | ")} | ${outcome} |`,
    ),
  ].join("\n");
}
