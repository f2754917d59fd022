import { Readable } from "node:stream";
import { formatBytes, MIB } from "../../kernel/bytes.js";
import type { AllBucketRules } from "../../modules/media/buckets.js";
import type { Scanner } from "../../platform/scanner/scanner.js";
import { ScanRefused } from "../../platform/scanner/scanner.js";
import type { Check } from "./checks.js";

/**
 * Checks that the scanner answers and looks at files of the size that the largest bucket takes. clamd does not tell its
 * limits: a file of that size is sent.
 */
export async function checkScanner(scanner: Scanner, buckets: AllBucketRules): Promise<Check> {
  const name = "scanner";
  if (!scanner.isOn)
    return {
      name,
      state: "note",
      detail: "off: files are not scanned for malware and have the scan status NOT_SCANNED",
    };
  const size = Math.max(...Object.values(buckets).map(({ maxBytes }) => maxBytes));
  try {
    await scanner.check();
    await scanner.scan({ size, open: () => Readable.from(zeros(size)) });
    return {
      name,
      state: "ok",
      detail: `answers, and detects a test virus in a file of ${formatBytes(size)}`,
    };
  } catch (error) {
    const { message } = error as Error;
    const detail =
      error instanceof ScanRefused
        ? `${message}. The largest bucket takes ${formatBytes(size)}: such files stay PENDING, and nobody can download them. See docs/scanning.md for clamd's limits`
        : `${message}; new files stay PENDING, and nobody can download them. Check clamd and CLAMD_URL`;
    return { name, state: "problem", detail };
  }
}

function* zeros(size: number): Generator<Buffer> {
  const chunk = Buffer.alloc(MIB);
  for (let left = size; left > 0; left -= chunk.length) yield chunk.subarray(0, left);
}
