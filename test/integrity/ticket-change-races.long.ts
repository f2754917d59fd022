import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { CHANGES_TO_TICKETS, makeTicketScene, mutateAs } from "../support/changes-to-tickets.js";
import { brokenPromises } from "../support/inventory.js";
import type { SignedIn } from "../support/test-server.js";
import type { TicketWorld } from "../support/ticket-world.js";
import { startTicketWorld, textFile } from "../support/ticket-world.js";

const ROUNDS = 20;
/** Whatever somebody may be told whose right, or whose subject, has just gone. */
const EXPECTED = ["BAD_USER_INPUT", "CONFLICT", "FORBIDDEN", "GONE", "NOT_FOUND", "ok"];

let world: TicketWorld;
let companyId: string;
beforeAll(async () => {
  world = await startTicketWorld();
  companyId = await world.newCompany();
});
afterAll(() => world?.close());

const setRole = ({ email }: SignedIn, role: string) =>
  mutateAs(world, world.people.admin, "setMembership", { input: { companyId, email, role } });
const leave = ({ id: userId }: SignedIn) =>
  mutateAs(world, world.people.admin, "removeMembership", { input: { companyId, userId } });

it(`lets all that changes a ticket run at once while roles come and go, ${ROUNDS} times, and no two wait for each other in a circle`, async () => {
  const { agent, manager, participant } = world.people;
  for (let round = 0; round < ROUNDS; round++) {
    const scene = await makeTicketScene(world, companyId, agent);
    const { ticketId } = scene;
    const given = {
      updateTicket: { id: ticketId, assigneeId: agent.id },
      addParticipant: { ticketId, userId: agent.id },
    };
    const give = () =>
      Object.entries(given).map(([name, input]) => mutateAs(world, manager, name, { input }));
    // So that the end of their membership takes the ticket's lock as well.
    await Promise.all(give());
    const running = [
      ...Object.entries(CHANGES_TO_TICKETS).flatMap(([name, { args }]) =>
        [agent, manager].map((person) => mutateAs(world, person, name, args(scene))),
      ),
      ...give(),
      mutateAs(world, agent, "addReply", { input: { ticketId, body: "Now", files: [textFile()] } }),
      mutateAs(world, manager, "uploadTicketAttachments", { input: { ticketId, files: [textFile()] } }),
      round % 2 ? leave(agent) : setRole(agent, "CUSTOMER"),
      leave(participant),
    ];
    const codes = new Set((await Promise.all(running)).map(({ code }) => code));
    expect([...codes].filter((code) => !EXPECTED.includes(code))).toEqual([]);
    expect(await strayParts()).toEqual([]);
    await setRole(agent, "AGENT");
    await setRole(participant, "CUSTOMER");
  }
  const { database, dataFolder } = world.server;
  expect(await brokenPromises(database.sql, dataFolder)).toEqual([]);
});

/** Whoever takes part in a ticket of a company that they do not belong to, or sees to an open one without being staff. */
async function strayParts() {
  const rows = await world.server.database.sql`
    select user_id from ticket_participants p where not exists (
      select from memberships m where m.user_id = p.user_id and m.company_id = p.company_id)
    union all
    select assignee_id from tickets t where status <> 'CLOSED' and assignee_id is not null and not exists (
      select from memberships m
      where m.user_id = t.assignee_id and m.company_id = t.company_id and m.role <> 'CUSTOMER')`;
  return [...rows];
}
