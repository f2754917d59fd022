import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { CampaignReport } from "./campaign.js";

const MIB = 1024 * 1024;
const MOST_SAID = 12;

/** What a campaign has shown, for people. */
export function reportText({
  door,
  seed,
  cases,
  seconds,
  tally,
  accepted,
  unexplained,
  memory,
  findings,
}: CampaignReport): string {
  const said = [...tally].sort(([, one], [, other]) => other - one);
  const mib = (part: "resident" | "used") => memory.map((held) => (held[part] / MIB).toFixed(1)).join(" → ");
  return [
    `${door}: ${cases} cases with seed ${seed} in ${seconds.toFixed(0)} s, ${findings.length} findings`,
    `  accepted: ${((100 * accepted) / cases).toFixed(1)} %`,
    `  answers: ${said
      .slice(0, MOST_SAID)
      .map(([what, count]) => `${what} × ${count}`)
      .join(", ")}${said.length > MOST_SAID ? `, ${said.length - MOST_SAID} others` : ""}`,
    `  blocks of the event loop that no case causes when it is alone: ${unexplained.map(({ what, cases: during }) => `${what} during ${during.join(", ")}`).join("; ") || "none"}`,
    `  memory after the warm-up and each half: ${mib("used")} MiB used, ${mib("resident")} MiB resident`,
    ...findings.map(
      ({ kind, what, cases: numbers, isReproduced }) =>
        `  ${kind}${isReproduced ? "" : " (not reproduced alone)"}, case ${numbers.join(", ")}: ${what.slice(0, 1_500)}`,
    ),
  ].join("\n");
}

/** Keeps the inputs of findings as files. @returns their paths */
export async function saveFindings(
  { door, seed, findings }: CampaignReport,
  folder: string,
): Promise<string[]> {
  const paths: string[] = [];
  for (const { kind, what, cases, input } of findings) {
    if (!input) continue;
    await mkdir(folder, { recursive: true });
    const path = join(folder, `${door}-${seed}-${cases[0]}`);
    await writeFile(path, input.bytes);
    await writeFile(`${path}.json`, JSON.stringify({ kind, what, how: input.how }, null, 2));
    paths.push(path);
  }
  return paths;
}
