import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createImportTargets } from "../../src/app/wiring/imports.js";
import type { ImportEvent, ImportRequest } from "../../src/modules/media/import/media-import.service.js";
import { createMediaImportService } from "../../src/modules/media/import/media-import.service.js";
import type { TestServer } from "./test-server.js";

/** Files of an old desk, by their names, and a manifest of them. */
export interface OldDesk {
  readonly files: Readonly<Record<string, Uint8Array | string>>;
  /** The entries of a manifest in JSON lines; or the text of a CSV file. */
  readonly entries: readonly object[] | string;
}

/** Imports what an old desk had. */
export async function importFrom(
  { database, services }: TestServer,
  { files, entries }: OldDesk,
  more: Partial<ImportRequest> = {},
) {
  const folder = await mkdtemp(join(tmpdir(), "filedesk-old-desk-"));
  try {
    for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder, name), bytes);
    const isCsv = typeof entries === "string";
    const manifest = join(folder, isCsv ? "manifest.csv" : "manifest.jsonl");
    await writeFile(manifest, isCsv ? entries : entries.map((entry) => JSON.stringify(entry)).join("\n"));
    const events: ImportEvent[] = [];
    const imports = createMediaImportService({
      db: database.db,
      ingest: services.ingest,
      targets: createImportTargets(services),
      retryAfterMs: [],
    });
    const summary = await imports.importAll({
      manifest,
      baseFolder: folder,
      as: "agent@acme.test",
      atOnce: 4,
      allowedHosts: [],
      signal: new AbortController().signal,
      onEvent: (event) => events.push(event),
      ...more,
    });
    return { summary, events };
  } finally {
    await rm(folder, { recursive: true });
  }
}
