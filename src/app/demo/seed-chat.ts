import type { Viewer } from "../../modules/identity/viewer.js";
import type { Services } from "../wiring/services.js";
import { demoPdf, files } from "./demo-files.js";
import type { SeedProgress } from "./seed-progress.js";

/** The participants and the ticket of the conversation. */
export interface ChatSeed {
  readonly companyId: string;
  readonly ticketId: string;
  readonly customer: Viewer;
  readonly agent: Viewer;
}

/** A conversation about a ticket between the staff and a customer, into which a guest is invited. */
export async function seedChat(
  { conversations, chatMessages, guestInvitations }: Services,
  { companyId, ticketId, customer, agent }: ChatSeed,
  found: SeedProgress["conversation"],
): Promise<void> {
  const { id: conversationId } =
    found ??
    (await conversations.startConversation(agent, {
      companyId,
      ticketId,
      subject: "The lamp in room 204",
      room: "204",
      participantIds: customer.kind === "user" ? [customer.id] : [],
    }));
  // The link is not shown anywhere: to try one, invite a guest.
  if (!found?.guests)
    await guestInvitations.inviteGuest(agent, { conversationId, displayName: "Guest of room 204" }, "");
  const [asked, answered] = found?.messages ?? [];
  if (answered) return;
  const body = "Could somebody look at the lamp while we are at breakfast?";
  const replyToId = asked ?? (await chatMessages.sendMessage(customer, { conversationId, body }, files())).id;
  const order = demoPdf(["Work order 31", "", "Room 204: bulb and socket", "Today, 8 to 9"]);
  await chatMessages.sendMessage(
    agent,
    { conversationId, body: "Of course: here is the order.", replyToId },
    files({ name: "work order 31.pdf", bytes: order }),
  );
}
