import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { WebSocket } from "ws";
import { DEMO_PASSWORD } from "../../src/app/demo/demo-people.js";
import type { TestDatabase } from "../support/database.js";
import { createTestDatabase } from "../support/database.js";
import {
  InviteGuestDocument,
  JoinAsGuestDocument,
  SignInDocument,
  StartConversationDocument,
} from "../support/generated/operations.js";
import type { KnownIds } from "../support/hostile-documents.js";
import { hostileRequest } from "../support/hostile-documents.js";
import { createRandom } from "../support/random.js";
import type { ServerProcess } from "../support/server-process.js";
import { startServerProcess } from "../support/server-process.js";
import { bearer, postGraphQL } from "../support/test-client.js";

/** Set it to the one of a run that failed, to send the same again. */
const SEED = Number(process.env.HOSTILE_SEED ?? randomBytes(4).readUInt32LE());
const REQUESTS = Number(process.env.HOSTILE_REQUESTS ?? 10_000);
const AT_ONCE = 4;
/** Whoever has no answer by then gets none. */
const ANSWER_MS = 30_000;
const MB = 1_000_000;
/** So many quiet lists make a 99th percentile that a single hiccup of the machine does not decide. */
const QUIET_LISTS = 500;
/** As many ordinary requests show how long answers take on this machine while it is as busy as under the attack. */
const ORDINARY_REQUESTS = 2_000;
/** Bounds on a quick machine; a slow or busy one is given three times its own value. */
const HEALTH_MS = 250;
const LEAST_P99_MS = 40;

/** Loaded before the server: at SIGWINCH it collects its garbage, and writes down what it then holds. */
const MEMORY_PROBE = `data:text/javascript,${encodeURIComponent(`
  import { writeFileSync, renameSync } from "node:fs";
  import { setFlagsFromString } from "node:v8";
  import { runInNewContext } from "node:vm";
  import { isMainThread } from "node:worker_threads";
  if (isMainThread && process.env.MEMORY_FILE) {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc");
    let count = 0;
    process.on("SIGWINCH", () => { collect(); setImmediate(() => { collect();
      writeFileSync(process.env.MEMORY_FILE + "~", JSON.stringify({ count: ++count, ...process.memoryUsage() }));
      renameSync(process.env.MEMORY_FILE + "~", process.env.MEMORY_FILE); }); });
  }`)}`;

interface Sight {
  readonly health: readonly number[];
  readonly list: readonly number[];
  readonly failures: readonly string[];
}

interface Caller {
  readonly name: string;
  readonly token?: string;
}

const percentile = (values: readonly number[], share: number): number =>
  [...values].sort((one, other) => one - other)[Math.ceil(values.length * share) - 1] ?? Number.NaN;

describe(`ten thousand hostile requests (HOSTILE_SEED=${SEED})`, () => {
  let database: TestDatabase;
  let folder: string;
  let server: ServerProcess;
  let ids: KnownIds;
  let ending: string | null = null;
  let callers: readonly Caller[];
  let watcher: Awaited<ReturnType<typeof watch>>;

  beforeAll(async () => {
    database = await createTestDatabase("filedesk_demo_template");
    folder = await mkdtemp(join(tmpdir(), "filedesk-hostile-"));
    await cp(process.env.TEST_DEMO_FOLDER ?? "", join(folder, "data"), { recursive: true });
    server = await startServerProcess({
      NODE_ENV: "production",
      HOST: "127.0.0.1",
      DATABASE_URL: database.url,
      FILEDESK_DATA: join(folder, "data"),
      PUBLIC_URL: "http://127.0.0.1:4000",
      AUTH_SECRET: randomBytes(32).toString("hex"),
      URL_SIGNING_KEYS: `k1:${randomBytes(32).toString("hex")}`,
      SIGN_INS_PER_MINUTE: "1000",
      WORKER: "off",
      NODE_OPTIONS: `--import ${MEMORY_PROBE}`,
      MEMORY_FILE: join(folder, "memory.json"),
    });
    // Whatever else fails then, this is why.
    void server.ended.then(({ code, signal, output }) => {
      ending = `the server ended with ${code ?? signal}: ${output.slice(-5_000)}`;
    });
    const agent = await signIn("agent@acme.test");
    const customer = await signIn("customer@acme.test");
    const { data } = await postGraphQL<
      { tickets: { nodes: { id: string; company: { id: string } }[] } },
      object
    >(server.url, "{ tickets { nodes { id company { id } } } }", {}, customer);
    const { id: ticketId, company } = data!.tickets.nodes[0]!;
    const begun = await postGraphQL(
      server.url,
      StartConversationDocument,
      { input: { companyId: company.id } },
      agent,
    );
    const conversationId = begun.data!.startConversation.id;
    const invited = await postGraphQL(
      server.url,
      InviteGuestDocument,
      { input: { conversationId, displayName: "Room 204" } },
      agent,
    );
    const joined = await postGraphQL(server.url, JoinAsGuestDocument, {
      token: invited.data!.inviteGuest.token,
    });
    ids = { companyId: company.id, ticketId, conversationId };
    callers = [
      { name: "nobody" },
      { name: "a guest", token: joined.data!.joinAsGuest.accessToken },
      { name: "a customer", token: customer },
    ];
    watcher = await watch(server.url, await signIn("agent@globex.test"));
  });
  afterAll(async () => {
    watcher?.stop();
    await server?.kill();
    await database?.drop();
    await rm(folder, { recursive: true, force: true });
  });

  const signIn = async (email: string): Promise<string> => {
    const { data } = await postGraphQL(server.url, SignInDocument, {
      input: { email, password: DEMO_PASSWORD },
    });
    return data!.signIn.accessToken;
  };

  it("cost nobody else an answer, and leave nothing behind", async () => {
    const random = createRandom(SEED);
    await attack(random, REQUESTS / 20); // what is made once is made
    await watcher.seen(0);
    const quiet = await watcher.seen(QUIET_LISTS);
    await sendOrdinary(ORDINARY_REQUESTS);
    const ordinary = await watcher.seen(0);
    const before = await memory();
    const answers = await attack(random, REQUESTS);
    expect(ending).toBeNull();
    const during = await watcher.seen(0);
    const after = await settledMemory(before.rss + 64 * MB);

    const worst = Math.max(...during.health);
    const [quietP99, busyP99] = [percentile(quiet.list, 0.99), percentile(during.list, 0.99)];
    process.stderr.write(
      `hostile: ${[...answers.statuses].map(([status, count]) => `${status.slice(0, 20)} × ${count}`).join(", ")}; health ${worst.toFixed(0)} ms at worst, ${Math.max(...ordinary.health).toFixed(0)} under ordinary requests; ` +
        `lists of another tenant p99 ${quietP99.toFixed(1)} → ${busyP99.toFixed(1)} ms (${during.list.length}); ` +
        `slowest of each kind in ms: ${JSON.stringify(Object.fromEntries(answers.slowest))}; memory ${(before.rss / MB).toFixed(0)} → ${(after.rss / MB).toFixed(0)} MB resident, ${(before.heapUsed / MB).toFixed(0)} → ${(after.heapUsed / MB).toFixed(0)} MB used\n`,
    );
    expect(answers.faults).toEqual([]);
    expect([...quiet.failures, ...ordinary.failures, ...during.failures]).toEqual([]);
    expect(after.rss - before.rss).toBeLessThan(64 * MB);
    expect(worst).toBeLessThan(Math.max(HEALTH_MS, 3 * Math.max(...quiet.health, ...ordinary.health)));
    expect(busyP99).toBeLessThan(3 * Math.max(quietP99, LEAST_P99_MS));
    const { output } = await server.stop();
    expect(output.split("\n").filter((line) => /"level":(50|60)/.test(line))).toEqual([]);
  });

  /** Sends requests as an app does, as many at a time as hostile ones. */
  async function sendOrdinary(count: number): Promise<void> {
    const query = "{ tickets(first: 20) { nodes { id number subject status } } }";
    let left = count;
    const work = async () => {
      while (left-- > 0) expect(await post(callers[2]!, JSON.stringify({ query }), false)).toBe("200");
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  }

  /** Sends hostile requests, several at a time, by every way in and from every caller. */
  async function attack(random: () => number, count: number) {
    const statuses = new Map<string, number>();
    const slowest = new Map<string, number>();
    const faults: string[] = [];
    let left = count;
    const work = async () => {
      while (left-- > 0 && ending === null) {
        const { kind, body } = hostileRequest(random, ids);
        const caller = callers[Math.floor(random() * callers.length)]!;
        const overSocket = random() < (kind === "subscriptions" ? 0.8 : 0.05);
        const start = performance.now();
        const status = overSocket ? await subscribe(caller, body) : await post(caller, body, random() < 0.05);
        slowest.set(kind, Math.max(slowest.get(kind) ?? 0, Math.round(performance.now() - start)));
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        if (/^(5\d\d|1011|1006|lost)/.test(status))
          faults.push(`${status} for ${kind} of ${caller.name}: ${body.slice(0, 300)}`);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    return { statuses, slowest, faults };
  }

  async function post({ token }: Caller, body: string, byGet: boolean): Promise<string> {
    const init = {
      signal: AbortSignal.timeout(ANSWER_MS),
      headers: { "content-type": "application/json", ...bearer(token) },
    };
    const query = byGet && body.length < 4_000 ? queryString(body) : null;
    try {
      const response = query
        ? await fetch(`${server.url}/graphql?${query}`, {
            headers: { ...init.headers, "apollo-require-preflight": "1" },
          })
        : await fetch(`${server.url}/graphql`, { ...init, method: "POST", body });
      const text = await response.text();
      return text.includes("INTERNAL_SERVER_ERROR")
        ? `500 masked: ${text.slice(0, 300)}`
        : String(response.status);
    } catch (error) {
      return `lost: ${(error as Error).cause ?? error}`;
    }
  }

  /** One subscription on a socket of its own: what it is answered with, or the code that the socket closes with. */
  async function subscribe({ token }: Caller, body: string): Promise<string> {
    const socket = new WebSocket(`${server.url.replace("http", "ws")}/graphql`, "graphql-transport-ws");
    const said = new Promise<string>((resolve) => {
      AbortSignal.timeout(ANSWER_MS).onabort = () => resolve("lost: no answer");
      socket.on("error", () => resolve("1006"));
      socket.on("close", (code) => resolve(String(code)));
      socket.on("message", (data) => {
        const text = String(data);
        const { type } = JSON.parse(text) as { type: string };
        if (type === "connection_ack") {
          socket.send(`{"id":"1","type":"subscribe","payload":${body}}`);
          socket.send('{"type":"ping"}');
        } else if (type !== "ping")
          resolve(text.includes("INTERNAL_SERVER_ERROR") ? `500 masked: ${text.slice(0, 300)}` : type);
      });
    });
    await once(socket, "open").catch(() => {});
    socket.send(JSON.stringify({ type: "connection_init", payload: bearer(token) }));
    const answer = await said;
    socket.terminate();
    return answer;
  }

  async function memory(): Promise<{ count: number; rss: number; heapUsed: number }> {
    const file = join(folder, "memory.json");
    const count = await readFile(file, "utf8").then(
      (text) => JSON.parse(text).count as number,
      () => 0,
    );
    server.signal("SIGWINCH");
    for (;;) {
      const text = await readFile(file, "utf8").catch(() => null);
      const told = text && JSON.parse(text);
      if (told && told.count > count) return told;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** What is given back to the machine a little later, as pages of the collector are, counts as given back. */
  async function settledMemory(bound: number) {
    let told = await memory();
    for (let n = 0; n < 30 && told.rss > bound; n++) {
      await new Promise((resolve) => setTimeout(resolve, 500));
      told = await memory();
    }
    return told;
  }
});

function queryString(body: string): URLSearchParams | null {
  const request = JSON.parse(body) as Record<string, unknown> | null;
  if (request === null || typeof request !== "object" || Array.isArray(request)) return null;
  return new URLSearchParams(
    Object.entries(request).map(([name, value]): [string, string] => [
      name,
      typeof value === "string" ? value : JSON.stringify(value),
    ]),
  );
}

/** A second tenant's ordinary traffic, and whoever asks for the server's health, in a process beside. */
async function watch(url: string, token: string) {
  const script = fileURLToPath(new URL("../support/watch-server.js", import.meta.url));
  const query =
    "{ tickets(first: 20) { nodes { id number subject status attachments(first: 3) { nodes { id fileName url } } } } }";
  const child = spawn(process.execPath, [script, url, `Bearer ${token}`, JSON.stringify({ query })], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    /** What it has seen since it was last asked, as soon as that is so many lists. */
    async seen(lists: number): Promise<Sight> {
      const all = { health: [] as number[], list: [] as number[], failures: [] as string[] };
      for (;;) {
        child.stdin.write("\n");
        const sight = JSON.parse((await lines.next()).value as string) as Sight;
        all.health.push(...sight.health);
        all.list.push(...sight.list);
        all.failures.push(...sight.failures);
        if (all.list.length >= lists || all.failures.length > 0) return all;
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    },
    stop: () => child.kill("SIGKILL"),
  };
}
