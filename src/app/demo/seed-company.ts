import { findPersonByEmail } from "../../modules/identity/users/user.repository.js";
import type { Viewer } from "../../modules/identity/viewer.js";
import type { DatabaseClient } from "../../platform/database/client.js";
import type { Services } from "../wiring/services.js";
import { demoPdf, demoPhoto, files } from "./demo-files.js";
import { demoEmail } from "./demo-people.js";
import { seedBranding } from "./seed-branding.js";
import { seedChat } from "./seed-chat.js";
import type { SeedProgress } from "./seed-progress.js";
import { readSeedProgress } from "./seed-progress.js";

/**
 * Seeds one of the demo companies, whose people already exist: branding, tickets, and a chat at acme. Continues an
 * interrupted seed.
 */
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
  const progress = await readSeedProgress(database.db, company.id);
  await seedBranding(services, company, cast, progress);
  const lamp = await seedLamp(services, company.id, cast, progress);
  await seedBill(services, company.id, cast, progress);
  if (company.slug === "acme") {
    await seedChat(services, { ...cast, companyId: company.id, ticketId: lamp }, progress.conversation);
    if (!progress.hasInvited) await seedInvitation(services, company.id, cast.manager);
  }
  // Created last: its existence shows that the seed is complete.
  const parking = {
    companyId: company.id,
    subject: "Parking for two cars",
    description: "Is there a second place next weekend?",
    priority: "LOW" as const,
  };
  await services.tickets.openTicket(cast.customer, parking, files());
}

/** Invites somebody of the other company. */
async function seedInvitation({ invitations }: Services, companyId: string, manager: Viewer): Promise<void> {
  const email = demoEmail("customer2", "globex");
  await invitations.inviteMember(manager, { companyId, email, role: "CUSTOMER" });
}

type Cast = Readonly<Record<"customer" | "customer2" | "agent", Viewer>>;

/** @returns the id of the ticket */
async function seedLamp(
  { tickets, replies }: Services,
  companyId: string,
  { customer, agent }: Cast,
  { tickets: [found] }: SeedProgress,
): Promise<string> {
  const open = async () => {
    const photo = { name: "room 204.jpg", bytes: await demoPhoto("Room 204, Tuesday morning") };
    const ticket = {
      companyId,
      subject: "The lamp in room 204 flickers",
      description: "Since last night. A photo is attached.",
      priority: "NORMAL" as const,
    };
    return tickets.openTicket(customer, ticket, files(photo));
  };
  const { id } = found ?? (await open());
  const assigneeId = agent.kind === "user" ? agent.id : null;
  const log = {
    name: "door-lock.csv",
    bytes: Buffer.from("time,door,event\n08:02,204,opened\n08:05,204,battery low\n"),
  };
  const answers = [
    { body: "Thank you, we will look at it today.", isInternal: false, files: files() },
    { body: "The lock's log shows a low battery as well.", isInternal: true, files: files(log) },
  ];
  const missing = answers.slice(found?.replies ?? 0);
  if (missing.length === answers.length)
    await tickets.changeTicket(agent, { id, assigneeId, status: "PENDING" });
  for (const { body, isInternal, files } of missing)
    await replies.addReply(agent, { ticketId: id, body, isInternal }, files);
  return id;
}

async function seedBill(
  { tickets, replies }: Services,
  companyId: string,
  { customer2 }: Cast,
  { tickets: [, found] }: SeedProgress,
): Promise<void> {
  const invoice = {
    name: "invoice 2026-118.pdf",
    bytes: demoPdf(["Invoice 2026-118", "", "3 nights, room 204", "Total: 412.00 EUR"]),
  };
  const ticket = {
    companyId,
    subject: "Wrong amount on the invoice",
    description: "Three nights were booked, four are charged.",
    priority: "HIGH" as const,
  };
  const { id } = found ?? (await tickets.openTicket(customer2, ticket, files(invoice)));
  if (found?.replies) return;
  const body = "Could you look at this before Friday?";
  await replies.addReply(customer2, { ticketId: id, body, isInternal: false }, files());
}
