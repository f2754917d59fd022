import type { Person } from "./desk-client.js";
import { openTicket, signIn } from "./desk-client.js";
import type { Lane } from "./load.js";
import type { ServerProcess } from "./processes.js";
import { startFloor } from "./processes.js";
import type { Scenario, ScenarioEnvironment } from "./scenario.js";

const CONNECTIONS = 16;
const TICKETS = 200;
const OPENED_AT_ONCE = 3;
/** Both return the same response except for ids, so their sizes may only differ by this share. */
const SIZE_TOLERANCE = 0.02;

const LIST = `query Tickets($first: Int) {
  tickets(first: $first) {
    nodes {
      id number subject status priority createdAt
      attachments(first: 3) { nodes { id fileName size mimeType url } }
    }
  }
}`;

/** The first page of a company's tickets, for an agent. */
export async function listScenario({ databaseUrl, filedesk }: ScenarioEnvironment): Promise<Scenario> {
  const agent = await signIn(filedesk.port, "agent@acme.test");
  await openTickets(filedesk.port, agent);
  const lane = listLane(filedesk.port, agent);
  const lanes = Array.from({ length: CONNECTIONS }, () => lane);
  const baseUrl = `http://127.0.0.1:${filedesk.port}`;
  const floor = await startFloor("one json_agg statement", "list.floor.js", [
    databaseUrl,
    agent.companyId,
    baseUrl,
  ]);
  await requireEqualSizes(filedesk, floor, agent);
  return {
    title: `tickets(first: 20) with 3 attachments each, ${CONNECTIONS} at once`,
    target: 0.3,
    lanes: { floor: lanes, filedesk: lanes },
    floors: [floor],
    async tidy() {},
  };
}

async function openTickets(port: number, agent: Person): Promise<void> {
  const numbers = Array.from({ length: TICKETS }, (_, n) => n).values();
  const work = async () => {
    for (const n of numbers) {
      const files = ["report", "floor-plan", "guest-list"].map(
        (name) => new File([`${name} of ticket ${n}\n`], `${name}.txt`, { type: "text/plain" }),
      );
      await openTicket(port, agent, { subject: `The heating of room ${n} is cold`, files });
    }
  };
  await Promise.all(Array.from({ length: OPENED_AT_ONCE }, work));
}

const listBody = JSON.stringify({ operationName: "Tickets", query: LIST, variables: { first: 20 } });

function listLane(port: number, { token }: Person): Lane {
  const body = Buffer.from(listBody);
  const head = [
    "POST /graphql HTTP/1.1",
    `Host: 127.0.0.1:${port}`,
    `Authorization: Bearer ${token}`,
    "Content-Type: application/json",
    `Content-Length: ${body.length}`,
  ];
  return { head: `${head.join("\r\n")}\r\n\r\n`, body, stampAt: null };
}

async function requireEqualSizes(filedesk: ServerProcess, floor: ServerProcess, { token }: Person) {
  const [size, floorSize] = await Promise.all(
    [filedesk, floor].map(async ({ port }) => {
      const answer = await fetch(`http://127.0.0.1:${port}/graphql`, {
        method: "POST",
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
        body: listBody,
      });
      return (await answer.text()).length;
    }),
  );
  if (!size || !floorSize || Math.abs(size / floorSize - 1) > SIZE_TOLERANCE)
    throw new Error(`Filedesk answers with ${size} bytes and its floor with ${floorSize}`);
}
