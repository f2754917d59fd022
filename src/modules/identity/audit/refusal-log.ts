import type { Clock } from "../../../kernel/clock.js";
import { MINUTE_MS } from "../../../kernel/clock.js";
import type { ErrorCode } from "../../../kernel/errors.js";
import type { Database } from "../../../platform/database/client.js";
import { networkKeyOf } from "../../../platform/rate-limit/network-key.js";
import type { Client, Viewer } from "../viewer.js";
import type { AuditEntry } from "./audit.repository.js";
import { insertAuditEntries, MAX_USER_AGENT_LENGTH } from "./audit.repository.js";

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

/**
 * Kinds of refusals that are told apart in a minute; further ones are counted together. Those of callers without
 * credentials are counted apart, so that they cannot push out the others; attempts to sign in to an account as well.
 */
const MOST_KINDS = { anonymous: 250, signedIn: 1_000, signIns: 1_000 };
const OTHERS = "others";

export interface Refusal {
  readonly viewer: Viewer;
  /** The code of the error; others than those of the log are not recorded. */
  readonly code: string;
  /** The operation or the route, from a bounded set. */
  readonly what: string;
}

/** An attempt to sign in to an account with a wrong password. */
export interface RefusedSignIn {
  readonly userId: string;
  readonly client: Client;
}

export interface RefusalLog {
  record(refusal: Refusal): void;
  /** Names the account, which the refused request does not. */
  recordSignIn(refusal: RefusedSignIn): void;
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
  /** The account to which the caller tried to sign in. */
  readonly userId?: string;
  readonly since: Date;
  count: number;
}

/** The refusals of one class of callers, by caller, code, operation and account. */
class Counts {
  readonly #most: number;
  #counted = new Map<string, Counted>();

  constructor(most: number) {
    this.#most = most;
  }

  add(refusal: Refusal & Pick<Counted, "userId">, now: Date): void {
    const key = keyOf(refusal);
    const known = this.#counted.get(key);
    if (known) known.count++;
    else if (this.#counted.size < this.#most)
      this.#counted.set(key, { ...refusal, viewer: kept(refusal.viewer), since: now, count: 1 });
    else this.#addToOthers(now);
  }

  takeAll(): Counted[] {
    const all = [...this.#counted.values()];
    this.#counted = new Map();
    return all;
  }

  #addToOthers(since: Date): void {
    const others = this.#counted.get(OTHERS);
    if (others) others.count++;
    else
      this.#counted.set(OTHERS, {
        viewer: { kind: "anonymous" },
        code: OTHERS,
        what: OTHERS,
        since,
        count: 1,
      });
  }
}

/**
 * Records refused requests in the audit log: once a minute an entry for each caller, code and operation, with their
 * number, so that an attack cannot fill the log. What a killed process has counted in its last minute is lost.
 */
export function createRefusalLog({ db, clock, log, intervalMs = MINUTE_MS }: RefusalLogDeps): RefusalLog {
  const anonymous = new Counts(MOST_KINDS.anonymous);
  const signedIn = new Counts(MOST_KINDS.signedIn);
  const signIns = new Counts(MOST_KINDS.signIns);
  let timer: NodeJS.Timeout | undefined;

  async function flush(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    const entries = [anonymous, signedIn, signIns].flatMap((counts) => counts.takeAll()).map(toEntry);
    if (entries.length === 0) return;
    try {
      await insertAuditEntries(db, entries);
    } catch (err) {
      log.warn({ err, entries: entries.length }, "refusals could not be audited");
    }
  }
  const flushLater = (): void => {
    timer ??= setTimeout(() => void flush(), intervalMs).unref();
  };
  return {
    record(refusal) {
      if (!RECORDED.has(refusal.code)) return;
      const counts = refusal.viewer.kind === "anonymous" ? anonymous : signedIn;
      counts.add(refusal, clock());
      flushLater();
    },
    recordSignIn({ userId, client }) {
      const viewer = { kind: "anonymous", client } as const;
      signIns.add({ viewer, code: "UNAUTHENTICATED", what: "signIn", userId }, clock());
      flushLater();
    },
    flush,
  };
}

const keyOf = ({ viewer, code, what, userId = "" }: Refusal & Pick<Counted, "userId">): string => {
  const caller = viewer.kind === "anonymous" ? networkKeyOf(viewer.client?.address ?? "") : viewer.id;
  return `${caller} ${code} ${what} ${userId}`;
};

/** The viewer without the rest of a long header, of which a part of a text would keep the whole in memory. */
function kept(viewer: Viewer): Viewer {
  const { client } = viewer;
  if (!client?.userAgent) return viewer;
  const userAgent = Buffer.from(client.userAgent.slice(0, MAX_USER_AGENT_LENGTH)).toString();
  return { ...viewer, client: { ...client, userAgent } };
}

const toEntry = ({ viewer, code, what, userId, since, count }: Counted): AuditEntry => ({
  companyId: companyOf(viewer),
  by: viewer,
  ...(userId === undefined
    ? { action: "request.refused", subjectType: "request", subjectId: null }
    : { action: "user.sign-in-refused", subjectType: "user", subjectId: userId }),
  details: { code, what, count, since: since.toISOString() },
});

/** The company whose managers read of it: the only one that the caller belongs to. */
function companyOf(viewer: Viewer): string | null {
  if (viewer.kind === "guest" || viewer.kind === "api-key") return viewer.companyId;
  const [first, second] = viewer.kind === "user" ? [...viewer.roles.keys()] : [];
  return second === undefined ? (first ?? null) : null;
}
