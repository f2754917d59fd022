import type { Clock } from "../../../kernel/clock.js";
import { MINUTE_MS } from "../../../kernel/clock.js";
import type { ErrorCode } from "../../../kernel/errors.js";
import type { Database } from "../../../platform/database/client.js";
import { networkKeyOf } from "../../../platform/rate-limit/network-key.js";
import type { Viewer } from "../viewer.js";
import { insertAuditEntries } from "./audit.repository.js";

/** Failures that say something about the caller; all others are about the wording or the moment of a request. */
const RECORDED: ReadonlySet<string> = new Set<ErrorCode>([
  "UNAUTHENTICATED",
  "FORBIDDEN",
  "NOT_FOUND",
  "RATE_LIMITED",
  "QUOTA_EXCEEDED",
  "FILE_TOO_LARGE",
  "UNSUPPORTED_FILE_TYPE",
  "FILE_TYPE_MISMATCH",
  "CORRUPT_FILE",
  "FILE_INFECTED",
]);

/** Kinds of refusals that are kept in a minute; what exceeds them is counted together. */
const MAX_KINDS = 10_000;
const OTHERS = "others";

export interface Refusal {
  readonly viewer: Viewer;
  /** The code of the error; others than those of the log are not recorded. */
  readonly code: string;
  /** The operation or the route, from a bounded set. */
  readonly what: string;
}

export interface RefusalLog {
  record(refusal: Refusal): void;
  /** Writes what has been counted. Call it before the process ends; what cannot be written is logged. */
  flush(): Promise<void>;
}

export interface RefusalLogDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: { warn(details: object, message: string): void };
  readonly intervalMs?: number;
}

interface Counted extends Refusal {
  readonly since: Date;
  count: number;
}

/**
 * Records refused requests in the audit log: once a minute an entry for each caller, code and operation, with their
 * number, so that an attack cannot fill the log. What a killed process has counted in its last minute is lost.
 */
export function createRefusalLog({ db, clock, log, intervalMs = MINUTE_MS }: RefusalLogDeps): RefusalLog {
  let counts = new Map<string, Counted>();
  let timer: NodeJS.Timeout | undefined;

  async function flush(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    const entries = [...counts.values()].map(toEntry);
    counts = new Map();
    if (entries.length === 0) return;
    try {
      await insertAuditEntries(db, entries);
    } catch (err) {
      log.warn({ err, refusals: entries.map(({ details }) => details) }, "refusals could not be audited");
    }
  }
  return {
    record(refusal) {
      if (!RECORDED.has(refusal.code)) return;
      const key = keyOf(refusal);
      const known = counts.get(key) ?? (counts.size < MAX_KINDS ? undefined : counts.get(OTHERS));
      if (known) known.count++;
      else if (counts.size < MAX_KINDS) counts.set(key, { ...refusal, since: clock(), count: 1 });
      else
        counts.set(OTHERS, {
          viewer: { kind: "anonymous" },
          code: OTHERS,
          what: OTHERS,
          since: clock(),
          count: 1,
        });
      timer ??= setTimeout(() => void flush(), intervalMs).unref();
    },
    flush,
  };
}

const keyOf = ({ viewer, code, what }: Refusal): string => {
  const caller = viewer.kind === "anonymous" ? networkKeyOf(viewer.client?.address ?? "") : viewer.id;
  return `${caller} ${code} ${what}`;
};

const toEntry = ({ viewer, code, what, since, count }: Counted) => ({
  companyId: companyOf(viewer),
  by: viewer,
  action: "request.refused" as const,
  subjectType: "request",
  subjectId: null,
  details: { code, what, count, since: since.toISOString() },
});

/** The company whose managers read of it: the only one that the caller belongs to. */
function companyOf(viewer: Viewer): string | null {
  if (viewer.kind === "guest") return viewer.companyId;
  const [first, second] = viewer.kind === "user" ? [...viewer.roles.keys()] : [];
  return second === undefined ? (first ?? null) : null;
}
