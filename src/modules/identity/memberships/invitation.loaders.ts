import type { Clock } from "../../../kernel/clock.js";
import type { Page, PageRequest } from "../../../kernel/pagination.js";
import { MAX_PAGE_SIZE } from "../../../kernel/pagination.js";
import type { Database } from "../../../platform/database/client.js";
import { perRequest, perRequestAndArguments } from "../../../platform/graphql/loaders.js";
import type { InvitationRow } from "../invitation.tables.js";
import type { ViewerContext } from "../viewer.js";
import type { Invited } from "./invitation.repository.js";
import {
  countInvitationsOfCompanies,
  listInvitationsOfCompanies,
  listReceivedInvitations,
} from "./invitation.repository.js";

export type InvitationLoaders = ReturnType<typeof createInvitationLoaders>;

export const createInvitationLoaders = ({ db, clock }: { readonly db: Database; readonly clock: Clock }) => ({
  /** A page of each company's open invitations. */
  ofCompany: perRequestAndArguments<ViewerContext, PageRequest, string, Page<InvitationRow>>(
    (_context, page, ids) => listInvitationsOfCompanies(db, ids, clock(), page),
  ),
  countOfCompany: perRequest<ViewerContext, string, number>((_context, ids) =>
    countInvitationsOfCompanies(db, ids, clock()),
  ),
  /** The invitations that a person can answer, up to a page. A request asks for one person only, the viewer. */
  receivedBy: perRequest<ViewerContext, Invited, InvitationRow[]>(
    (_context, people) =>
      Promise.all(people.map((person) => listReceivedInvitations(db, person, clock(), MAX_PAGE_SIZE))),
    { nameOf: ({ id }) => id },
  ),
});
