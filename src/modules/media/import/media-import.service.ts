import { realpath } from "node:fs/promises";
import { MINUTE_MS, SECOND_MS } from "../../../kernel/clock.js";
import { badUserInput, FiledeskError } from "../../../kernel/errors.js";
import type { Database } from "../../../platform/database/client.js";
import { commitIsInDoubt, sqlState } from "../../../platform/database/faults.js";
import type { Resolve } from "../../../platform/http/outgoing/public-address.js";
import { plainHost, systemResolve } from "../../../platform/http/outgoing/public-address.js";
import { normalizeEmail } from "../../identity/users/email.js";
import { findPersonByEmail } from "../../identity/users/user.repository.js";
import type { IngestService } from "../ingest/ingest.service.js";
import { shownSource } from "./entry-identity.js";
import type { ImportEntry } from "./import-entry.js";
import { parseEntry } from "./import-entry.js";
import type { ImportOneDeps, ImportOutcome } from "./import-one.js";
import { importOne } from "./import-one.js";
import type { FailedEntry, ImportReport } from "./import-report.js";
import { openReport } from "./import-report.js";
import type { ImportTargets } from "./import-targets.js";
import { createLineOrder } from "./line-order.js";
import type { ManifestFormat, ManifestLine } from "./manifest.js";
import { countEntries, formatOf, readManifest } from "./manifest.js";
import { ImportFault } from "./media-import.errors.js";
import { checkReportPath } from "./report-path.js";
import { createEntryResolver } from "./resolve-entry.js";
import { createTurns } from "./turns.js";
import { createWebSources } from "./web-source.js";

export interface MediaImportDeps {
  readonly db: Database;
  readonly ingest: Pick<IngestService, "ingestFiles" | "rulesOf">;
  /** What takes entries that become part of tickets, replies and conversations. */
  readonly targets: ImportTargets;
  /** By default the system's resolver. */
  readonly resolveHost?: Resolve;
  readonly retryAfterMs?: readonly number[];
  readonly silenceMs?: number;
  readonly totalMs?: number;
}

export interface ImportRequest {
  /** Path of the manifest. */
  readonly manifest: string;
  /** By default, the format that the manifest's name shows. */
  readonly format?: ManifestFormat | undefined;
  /** The folder of local sources. */
  readonly baseFolder: string;
  /** E-mail address of the uploader of entries without one. */
  readonly as?: string | undefined;
  /** How many entries are imported concurrently. */
  readonly atOnce: number;
  /** Host names that may be in private networks. */
  readonly allowedHosts: readonly string[];
  /** Path of the report of failures. */
  readonly report?: string | undefined;
  /** Stops the import; entries in progress are rolled back, and the next run continues. */
  readonly signal: AbortSignal;
  readonly onEvent: (event: ImportEvent) => void;
}

export type ImportEvent =
  | { readonly event: "started"; readonly entries: number }
  | ({ readonly line: number; readonly source: string } & ImportOutcome)
  | ({ readonly event: "failed" } & FailedEntry);

export interface ImportSummary {
  readonly entries: number;
  readonly imported: number;
  /** Were imported before, or are in the manifest twice. */
  readonly known: number;
  readonly failed: number;
  readonly failedByCode: Readonly<Record<string, number>>;
  /** Whether the signal stopped it. */
  readonly interrupted: boolean;
}

const RETRY_AFTER_MS = [SECOND_MS, 4 * SECOND_MS];

export type MediaImportService = ReturnType<typeof createMediaImportService>;

/** Imports existing files, which a manifest lists. For the operator: it checks no viewer. */
export function createMediaImportService(deps: MediaImportDeps) {
  return {
    /**
     * Imports a manifest. It may be killed at any moment and run again, also concurrently on several machines: every
     * entry is imported once.
     *
     * @throws BAD_USER_INPUT if the manifest or the base folder cannot be read, the report cannot be written or is the
     *   manifest, or `as` is unknown, before anything is imported; the error itself if database or storage fail
     */
    async importAll(request: ImportRequest): Promise<ImportSummary> {
      if (request.report !== undefined) await checkReportPath(request.report, request.manifest);
      await refuseUnknown(deps.db, request.as);
      const format = request.format ?? formatOf(request.manifest);
      const entries = await countEntries(request.manifest, format);
      const baseFolder = await realpath(request.baseFolder).catch(() => {
        throw badUserInput(`The base folder ${request.baseFolder} does not exist.`);
      });
      const web = createWebSources({
        resolve: deps.resolveHost ?? systemResolve,
        allowedHosts: new Set(request.allowedHosts.map(plainHost)),
        silenceMs: deps.silenceMs ?? 30 * SECOND_MS,
        totalMs: deps.totalMs ?? 10 * MINUTE_MS,
      });
      const report = request.report === undefined ? null : await openReport(request.report, request.manifest);
      const importer: ImportOneDeps = {
        ...deps,
        web,
        baseFolder,
        resolve: createEntryResolver(deps.db, request.as ?? null),
        retryAfterMs: deps.retryAfterMs ?? RETRY_AFTER_MS,
        signal: request.signal,
      };
      const run = new Run(request, importer, report);
      try {
        request.onEvent({ event: "started", entries });
        await run.all(readManifest(request.manifest, format));
      } finally {
        web.close();
        await report?.close();
      }
      return run.summary(entries);
    },
  };
}

/** One import of a manifest, and its counts. */
class Run {
  #imported = 0;
  #known = 0;
  readonly #failedByCode = new Map<string, number>();
  /** Failures are reported in the order of the manifest. */
  readonly #reported = createLineOrder<FailedEntry>(async (failure) => this.report?.add(failure));
  readonly #inTurn = createTurns();
  #fault: unknown;

  constructor(
    private readonly request: ImportRequest,
    private readonly importer: ImportOneDeps,
    private readonly report: ImportReport | null,
  ) {}

  async all(lines: AsyncGenerator<ManifestLine>): Promise<void> {
    const work = async () => {
      while (!this.#isStopped()) {
        const { value: line, done } = await lines.next();
        if (done) return;
        await this.#one(line);
      }
    };
    await Promise.all(
      Array.from({ length: this.request.atOnce }, () => work().catch((error) => this.#stop(error))),
    );
    await lines.return(undefined);
    if (this.#fault !== undefined) throw this.#fault;
  }

  summary(entries: number): ImportSummary {
    const failedByCode = Object.fromEntries([...this.#failedByCode].sort());
    const failed = [...this.#failedByCode.values()].reduce((sum, count) => sum + count, 0);
    const interrupted = this.request.signal.aborted && this.#imported + this.#known + failed < entries;
    return { entries, imported: this.#imported, known: this.#known, failed, failedByCode, interrupted };
  }

  #isStopped = () => this.request.signal.aborted || this.#fault !== undefined;

  #stop(error: unknown): void {
    this.#fault ??= error;
  }

  #one({ line, fields }: ManifestLine): Promise<void> {
    const entry = attempt(() => {
      if (fields instanceof Error) throw fields;
      return parseEntry(fields);
    });
    const source = fields instanceof Error ? "" : shownSource(sourceOf(fields));
    this.#reported.begin(line);
    // Messages are numbered as they are recorded: those of a conversation keep the order of the manifest.
    return this.#inTurn(entry instanceof Error ? null : queueOf(entry), () =>
      this.#import(line, source, entry),
    );
  }

  async #import(line: number, source: string, entry: ImportEntry | Error): Promise<void> {
    let failure: FailedEntry | null = null;
    try {
      if (this.#isStopped()) return;
      if (entry instanceof Error) throw entry;
      const outcome = await importOne(this.importer, entry);
      if (outcome.event === "known") this.#known += 1;
      else this.#imported += 1;
      this.request.onEvent({ line, source, ...outcome });
    } catch (error) {
      if (isOutage(error)) this.#stop(error);
      // An entry that was aborted has not failed: the next run imports it.
      if (!this.#isStopped()) failure = this.#failed({ line, source, ...reasonOf(error, entry) });
    } finally {
      await this.#reported.end(line, failure);
    }
  }

  #failed(failure: FailedEntry): FailedEntry {
    this.#failedByCode.set(failure.code, (this.#failedByCode.get(failure.code) ?? 0) + 1);
    this.request.onEvent({ event: "failed", ...failure });
    return failure;
  }
}

/** @throws BAD_USER_INPUT if nobody has this address */
async function refuseUnknown(db: Database, email: string | undefined): Promise<void> {
  if (email === undefined || (await findPersonByEmail(db, normalizeEmail(email)))) return;
  throw badUserInput(`Nobody has the e-mail address ${email}, so nobody can be the uploader. Check --as.`);
}

/** Database or storage are unavailable: the next entry would fail as well. */
function isOutage(error: unknown): boolean {
  if (error instanceof FiledeskError || error instanceof ImportFault) return false;
  return commitIsInDoubt(error) || /^(08|53|57|58)/.test(sqlState(error) ?? "");
}

/** The messages of one conversation; null for entries in any order. */
const queueOf = ({ resourceType, resourceId }: ImportEntry): string | null =>
  resourceType === "conversation" ? resourceId.toLowerCase() : null;

function attempt<Result>(work: () => Result): Result | Error {
  try {
    return work();
  } catch (error) {
    return error as Error;
  }
}

/** What a report calls an entry: its source, or the key of a message. */
const sourceOf = ({ source, key, clientId }: Readonly<Record<string, unknown>>): string =>
  String(source || key || clientId || "");

function reasonOf(error: unknown, entry: ImportEntry | Error): Pick<FailedEntry, "code" | "message"> {
  if (error instanceof ImportFault) return { code: error.code, message: error.message };
  if (!(error instanceof FiledeskError)) return { code: "INTERNAL_ERROR", message: String(error) };
  // Of an entry with one file, its index in the request says nothing.
  const isOnly = !(entry instanceof Error) && entry.files.length === 1;
  const prefix = isOnly ? `File 0 ("${error.details.fileName}"): ` : "";
  const { message } = error;
  return {
    code: error.code,
    message: message.startsWith(prefix) ? message.slice(prefix.length) : message,
  };
}
