import { eicar, malware } from "./clamd.js";
import { makeZip } from "./make-zip.js";
import { bearer } from "./test-client.js";
import type { SignedIn, TestServer } from "./test-server.js";

/** The largest file that the desks of these tests have scanned before the answer. */
export const INLINE_BYTES = 1024 ** 2;

export const asFile = (bytes: Buffer | string, name = "note.txt") =>
  new File([new Uint8Array(Buffer.from(bytes))], name);

/** Text that no other file has, larger than what is scanned before the answer. */
export const largeText = (end = "") => `${"It hums. ".repeat(140_000)}${Math.random()} ${end}`;

/** Files that clamd finds something in: plain, in a ZIP archive, in the middle of a text. */
export const infectedFiles = (): Readonly<Record<string, Buffer>> => ({
  "eicar.txt": eicar(),
  "eicar.zip": makeZip([
    { name: "readme.txt", content: "read me" },
    { name: "eicar.com", content: eicar() },
  ]),
  "note.txt": Buffer.from(`It hums. ${malware()} All night.`),
});

/** Runs the scans that have been requested, as a worker would. @returns their outcomes */
export async function scanRequested({ services, database }: TestServer): Promise<string[]> {
  const requested = await database.sql<{ data: { blobId: string } }[]>`
    delete from pgboss.job where name = 'scan-file' returning data`;
  const outcomes: string[] = [];
  for (const { data } of requested) {
    const { outcome } = (await services.scanJobs.scanFile.run(data, new AbortController().signal)) as {
      outcome: string;
    };
    outcomes.push(outcome);
  }
  return outcomes;
}

/** The schedule's turn. */
export const findUnscanned = ({ services }: TestServer) =>
  services.scanJobs.findUnscanned.run({}, new AbortController().signal);

/** A download with somebody's own token: its status, and code and header of a refusal. */
export async function download(url: string, { token }: SignedIn) {
  const response = await fetch(url.split("?", 1)[0]!, { headers: bearer(token) });
  const text = await response.text();
  if (response.ok) return { status: response.status, text };
  const { error } = JSON.parse(text) as { error: { code: string } };
  const retryAfter = response.headers.get("retry-after");
  return { status: response.status, code: error.code, ...(retryAfter !== null && { retryAfter }) };
}
