import type { MessageImportDeps } from "../../modules/chat/messages/message-import-target.js";
import { createMessageImportTarget } from "../../modules/chat/messages/message-import-target.js";
import type { ImportTargets } from "../../modules/media/import/import-targets.js";
import type { MediaImportDeps } from "../../modules/media/import/media-import.service.js";
import { createMediaImportService } from "../../modules/media/import/media-import.service.js";
import type { LegacyPathDeps } from "../../modules/media/legacy/legacy-path.service.js";
import { createLegacyPathService } from "../../modules/media/legacy/legacy-path.service.js";
import type { TicketImportDeps } from "../../modules/tickets/ticket-import-targets.js";
import { createTicketImportTargets } from "../../modules/tickets/ticket-import-targets.js";

type TargetDeps = TicketImportDeps & MessageImportDeps;

/** What of Filedesk an import can add to, by resource type. */
export const createImportTargets = (deps: TargetDeps): ImportTargets => ({
  ...createTicketImportTargets(deps),
  conversation: createMessageImportTarget(deps),
});

/** Builds the services for what a desk had before: its files, and their addresses. */
export const createImports = (deps: TargetDeps & Omit<MediaImportDeps, "targets"> & LegacyPathDeps) => ({
  mediaImports: createMediaImportService({ ...deps, targets: createImportTargets(deps) }),
  legacyPaths: createLegacyPathService(deps),
});
