import { findPersonByEmail } from "../../modules/identity/user.repository.js";
import type { Viewer } from "../../modules/identity/viewer.js";
import type { DatabaseClient } from "../../platform/database/client.js";
import type { Services } from "../services.js";
import { demoPdf, demoPhoto, files } from "./demo-files.js";
import { demoEmail } from "./demo-people.js";
import { seedChat } from "./seed-chat.js";
import { seedLooks } from "./seed-looks.js";

/** Fills one of the demo's companies, which has its people already: looks, tickets, and a chat at acme. */
export async function seedCompany(
  database: DatabaseClient,
  services: Services,
  company: { readonly id: string; readonly slug: string },
): Promise<void> {
  const person = async (account: string): Promise<Viewer> => {
    const found = await findPersonByEmail(database.db, demoEmail(account, company.slug));
    return services.sessions.viewerById(found?.id ?? "");
  };
  const cast = {
    customer: await person("customer"),
    customer2: await person("customer2"),
    agent: await person("agent"),
    manager: await person("manager"),
  };
  await seedLooks(services, company, cast);
  const lamp = await seedTickets(services, company.id, cast);
  if (company.slug === "acme") await seedChat(services, { ...cast, companyId: company.id, ticketId: lamp });
}

type Cast = Readonly<Record<"customer" | "customer2" | "agent", Viewer>>;

/** @returns the id of the first ticket */
async function seedTickets(
  { tickets, replies }: Services,
  companyId: string,
  { customer, customer2, agent }: Cast,
): Promise<string> {
  const photo = { name: "room 204.jpg", bytes: await demoPhoto("Room 204, Tuesday morning") };
  const invoice = {
    name: "invoice 2026-118.pdf",
    bytes: demoPdf(["Invoice 2026-118", "", "3 nights, room 204", "Total: 412.00 EUR"]),
  };
  const log = {
    name: "door-lock.csv",
    bytes: Buffer.from("time,door,event\n08:02,204,opened\n08:05,204,battery low\n"),
  };
  const agentId = agent.kind === "user" ? agent.id : null;

  const lamp = await tickets.openTicket(
    customer,
    {
      companyId,
      subject: "The lamp in room 204 flickers",
      description: "Since last night. A photo is attached.",
      priority: "NORMAL",
    },
    files(photo),
  );
  await tickets.changeTicket(agent, { id: lamp.id, assigneeId: agentId, status: "PENDING" });
  await replies.addReply(
    agent,
    { ticketId: lamp.id, body: "Thank you, we will look at it today.", isInternal: false },
    files(),
  );
  await replies.addReply(
    agent,
    { ticketId: lamp.id, body: "The lock's log shows a low battery as well.", isInternal: true },
    files(log),
  );

  const bill = await tickets.openTicket(
    customer2,
    {
      companyId,
      subject: "Wrong amount on the invoice",
      description: "Three nights were booked, four are charged.",
      priority: "HIGH",
    },
    files(invoice),
  );
  await replies.addReply(
    customer2,
    { ticketId: bill.id, body: "Could you look at this before Friday?", isInternal: false },
    files(),
  );

  await tickets.openTicket(
    customer,
    {
      companyId,
      subject: "Parking for two cars",
      description: "Is there a second place next weekend?",
      priority: "LOW",
    },
    files(),
  );
  return lamp.id;
}
