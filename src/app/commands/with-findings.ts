import { formatBytes } from "../../kernel/bytes.js";
import type { IntegrityFinding } from "../../modules/media/upkeep/finding.js";
import type { Output } from "./output.js";

/**
 * Reports findings: to programs at once, to people at the end, so that the lines do not interfere with the progress
 * bar.
 *
 * @param reported storage keys that have already been reported, because two tasks find the same missing files
 */
export async function withFindings<Report>(
  { output, reported }: { readonly output: Output; readonly reported: Set<string> },
  task: (onFinding: (finding: IntegrityFinding) => void) => Promise<Report>,
): Promise<Report> {
  const lines: string[] = [];
  try {
    return await task((finding) => {
      if (reported.has(finding.storageKey)) return;
      reported.add(finding.storageKey);
      output.event("finding", finding);
      lines.push(findingInWords(finding));
    });
  } finally {
    for (const line of lines) output.line(line);
  }
}

/** `altered: pool.jpg (file 0190…); company acme, 48.1 KiB, stored as acme/…` */
function findingInWords({
  finding,
  variant,
  company,
  storageKey,
  size,
  mediaFiles,
}: IntegrityFinding): string {
  const files = mediaFiles.map(({ id, fileName }) => `${fileName} (file ${id})`).join(", ");
  const what = variant === undefined ? "" : `variant ${variant} of `;
  return `${finding.toLowerCase()}: ${what}${files || "no file"}; company ${company}, ${formatBytes(size)}, stored as ${storageKey}`;
}
