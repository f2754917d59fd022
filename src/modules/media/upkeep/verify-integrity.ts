import { createHash } from "node:crypto";
import { pipeline } from "node:stream/promises";
import type { Clock } from "../../../kernel/clock.js";
import type { RunOptions } from "../../../kernel/run-options.js";
import type { Database } from "../../../platform/database/client.js";
import type { Storage } from "../../../platform/storage/storage.js";
import { ObjectNotFound } from "../../../platform/storage/storage.js";
import type { FindingOptions } from "./finding.js";
import { reportFinding } from "./finding.js";
import type { KnownBlob, VariantToVerify, VerifiedBlob } from "./integrity.repository.js";
import {
  countBlobsToVerify,
  listNeverVerified,
  listVariantsToVerify,
  listVerifiedBefore,
} from "./integrity.repository.js";
import { recordFinding } from "./record-finding.js";
import type { RenderAgainDeps } from "./render-again.js";
import { renderAgain } from "./render-again.js";

export interface VerifyDeps extends RenderAgainDeps {
  readonly storage: Storage;
  readonly clock: Clock;
}

/** The most that one run reads. */
export interface VerifyLimits {
  readonly files: number;
  readonly bytes: number;
}

export interface VerifyReport {
  readonly verified: number;
  readonly verifiedBytes: number;
  readonly altered: number;
  readonly missing: number;
  /** Variants of the verified files: they are rendered again. */
  readonly alteredVariants: number;
  readonly missingVariants: number;
  /** The storage failed to read them: their state is kept, and the next run reads them again. */
  readonly unreadable: number;
}

const AT_ONCE = 100;

/**
 * Reads stored bytes and compares them with their hash, the oldest verification first. An original that differs is
 * marked and its event recorded once; neither its bytes nor its hash are changed. Its variants are verified with it,
 * and those that differ are rendered again.
 */
export async function verifyIntegrity(
  deps: VerifyDeps,
  limits: VerifyLimits,
  { dryRun = false, onProgress, onFinding, signal }: RunOptions & FindingOptions = {},
): Promise<VerifyReport> {
  const startedAt = deps.clock();
  const total = await countBlobsToVerify(deps.db, startedAt, limits.files);
  const report = { verified: 0, verifiedBytes: 0, altered: 0, missing: 0, ...NO_VARIANTS, unreadable: 0 };
  let done = 0;
  for await (const page of blobsToVerify(deps.db, startedAt)) {
    const variantsOf = await readVariantsOf(deps.db, page);
    for (const blob of page) {
      if (done === limits.files || report.verifiedBytes >= limits.bytes) return report;
      signal?.throwIfAborted();
      const finding = await compare(deps.storage, blob, signal);
      if (!dryRun && finding !== "UNREADABLE") await recordFinding(deps.db, blob, finding, deps.clock());
      if (finding !== "INTACT") await reportFinding(deps.db, { onFinding }, blob, finding);
      count(report, finding, blob);
      for (const variant of variantsOf(blob))
        await verifyVariant(deps, { blob, variant, report }, { dryRun, onFinding, signal });
      done += 1;
      onProgress?.({ done, total });
    }
  }
  return report;
}

/** Pages of blobs that have not been verified since the run began, each blob once, even if it changes meanwhile. */
async function* blobsToVerify(db: Database, startedAt: Date): AsyncGenerator<readonly KnownBlob[]> {
  for (let after: string | null = null; ; ) {
    const page: KnownBlob[] = await listNeverVerified(db, after, AT_ONCE);
    if (page.length > 0) yield page;
    after = page.at(-1)?.id ?? null;
    if (page.length < AT_ONCE) break;
  }
  for (let after: VerifiedBlob | null = null; ; ) {
    const page: VerifiedBlob[] = await listVerifiedBefore(db, startedAt, after, AT_ONCE);
    if (page.length > 0) yield page;
    after = page.at(-1) ?? null;
    if (page.length < AT_ONCE) return;
  }
}

const NO_VARIANTS = { alteredVariants: 0, missingVariants: 0 };

async function readVariantsOf(db: Database, blobs: readonly KnownBlob[]) {
  const byBlob = new Map<string, VariantToVerify[]>();
  for (const variant of await listVariantsToVerify(
    db,
    blobs.map(({ id }) => id),
  ))
    byBlob.set(variant.blobId, [...(byBlob.get(variant.blobId) ?? []), variant]);
  return ({ id }: KnownBlob): readonly VariantToVerify[] => byBlob.get(id) ?? [];
}

interface VariantOfRun {
  readonly blob: KnownBlob;
  readonly variant: VariantToVerify;
  readonly report: Counted;
}

/** A variant has no state of its own: a damaged one is rendered again. */
async function verifyVariant(
  deps: VerifyDeps,
  { blob, variant, report }: VariantOfRun,
  { dryRun, onFinding, signal }: RunOptions & FindingOptions,
): Promise<void> {
  const finding = await compare(deps.storage, variant, signal);
  if (finding === "UNREADABLE") return;
  if (finding !== "MISSING") report.verifiedBytes += variant.size;
  if (finding === "INTACT") return;
  if (finding === "ALTERED") {
    report.alteredVariants += 1;
    const { storageKey, size, name } = variant;
    await reportFinding(deps.db, { onFinding }, { ...blob, storageKey, size, variant: name }, finding);
  } else report.missingVariants += 1;
  if (!dryRun) await renderAgain(deps, variant);
}

type Finding = "INTACT" | "ALTERED" | "MISSING" | "UNREADABLE";
type Counted = { -readonly [Field in keyof VerifyReport]: number };

function count(report: Counted, finding: Finding, { size }: KnownBlob): void {
  if (finding === "UNREADABLE") report.unreadable += 1;
  else if (finding === "MISSING") report.missing += 1;
  else {
    report.verified += 1;
    report.verifiedBytes += size;
    if (finding === "ALTERED") report.altered += 1;
  }
}

/** @throws what aborted it */
async function compare(
  storage: Storage,
  { storageKey, sha256 }: Pick<KnownBlob, "storageKey" | "sha256">,
  signal: AbortSignal | undefined,
): Promise<Finding> {
  const hash = createHash("sha256");
  try {
    await pipeline(await storage.get(storageKey), hash, { ...(signal && { signal }) });
  } catch (error) {
    signal?.throwIfAborted();
    return error instanceof ObjectNotFound ? "MISSING" : "UNREADABLE";
  }
  return hash.digest("hex") === sha256 ? "INTACT" : "ALTERED";
}
