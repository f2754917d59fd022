import type { MessageImportDeps } from "../../modules/chat/messages/message-import-target.js";
import { createMessageImportTarget } from "../../modules/chat/messages/message-import-target.js";
import type { ImportTargets } from "../../modules/media/import/import-targets.js";
import type { TicketImportDeps } from "../../modules/tickets/ticket-import-targets.js";
import { createTicketImportTargets } from "../../modules/tickets/ticket-import-targets.js";

/** What of Filedesk an import can add to, by resource type. */
export const createImportTargets = (deps: TicketImportDeps & MessageImportDeps): ImportTargets => ({
  ...createTicketImportTargets(deps),
  conversation: createMessageImportTarget(deps),
});
