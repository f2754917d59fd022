import { setTimeout as pass } from "node:timers/promises";
import { SECOND_MS } from "../../../kernel/clock.js";
import { FiledeskError } from "../../../kernel/errors.js";
import { newId } from "../../../kernel/ids.js";
import type { Database } from "../../../platform/database/client.js";
import type { StagedUploadRow } from "../staging/staged-upload.tables.js";
import type { HeldChanges } from "../staging/upload-lease.repository.js";
import { acquireLease, releaseLease, renewLease, requestLease } from "../staging/upload-lease.repository.js";
import { uploadLocked } from "./staged-upload.errors.js";

/** The right to write to one upload. It ends by itself when the process that has it ends. */
export interface UploadLease {
  /** The upload at the moment of the acquisition. */
  readonly upload: StagedUploadRow;
  /** Aborted when the lease has been lost, or another request of the owner asks for it. */
  readonly signal: AbortSignal;
  /** Writes what is durable by now. @throws UPLOAD_INCOMPLETE if the lease has been lost: nothing is written then */
  write(changes: HeldChanges): Promise<void>;
}

export type UploadLeases = ReturnType<typeof createUploadLeases>;

/** After the death of its server an upload can be continued this much later. */
const LEASE_SECONDS = 10;
const RENEW_MS = 2 * SECOND_MS;
/** The holder stops this long before its lease ends by its own clock. */
const MARGIN_MS = 2 * SECOND_MS;
const WAIT_MS = (LEASE_SECONDS + 2) * SECOND_MS;
const POLL_MS = 150;

/**
 * Gives out leases: rows, not locks of a session, so that they work for any number of servers, behind a pooler of
 * transactions as well. A client that comes back after its connection was cut is served at once: the request that still
 * waits for bytes of the dead connection gives up its lease.
 */
export function createUploadLeases({ db }: { readonly db: Database }) {
  /** Holders in this process learn at once that they are asked to stop; others with their next renewal. */
  const holders = new Map<string, AbortController>();

  /** @throws UPLOAD_LOCKED if the holder does not stop in time */
  async function acquire({ id: uploadId, companyId }: StagedUploadRow) {
    const lease = { uploadId, companyId, leaseId: newId() };
    const deadline = performance.now() + WAIT_MS;
    for (let attempts = 0; ; attempts++) {
      const upload = await acquireLease(db, lease, LEASE_SECONDS);
      if (upload !== null) return { lease, upload };
      if (performance.now() > deadline) throw uploadLocked();
      holders.get(uploadId)?.abort(interrupted());
      if (attempts === 0) await requestLease(db, lease);
      await pass(POLL_MS);
    }
  }

  return {
    /** Runs work that writes to an upload, while no other request does. */
    async withLease<Result>(
      staged: StagedUploadRow,
      work: (lease: UploadLease) => Promise<Result>,
    ): Promise<Result> {
      const { lease, upload } = await acquire(staged);
      const stop = new AbortController();
      let validUntil = performance.now() + LEASE_SECONDS * SECOND_MS;
      const write = async (changes: HeldChanges): Promise<void> => {
        const asked = performance.now();
        const renewed = await renewLease(db, lease, { seconds: LEASE_SECONDS, ...changes });
        if (renewed === null) {
          stop.abort(interrupted());
          throw interrupted();
        }
        validUntil = asked + LEASE_SECONDS * SECOND_MS;
        if (renewed.isWanted) stop.abort(interrupted());
      };
      const renewing = setInterval(() => {
        if (performance.now() > validUntil - MARGIN_MS) stop.abort(interrupted());
        // If the database does not answer, the lease ends.
        else write({}).catch(() => {});
      }, RENEW_MS);
      holders.set(upload.id, stop);
      try {
        return await work({ upload, signal: stop.signal, write });
      } finally {
        clearInterval(renewing);
        if (holders.get(upload.id) === stop) holders.delete(upload.id);
        await releaseLease(db, lease).catch(() => {}); // it ends by itself
      }
    },
  };
}

const interrupted = () =>
  new FiledeskError("UPLOAD_INCOMPLETE", "Another request continues this upload: ask for its offset again.");
