import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "./feed-world.js";
import { present } from "./present.js";
import { endService, freePort, listens, spawnService } from "./spawned-service.js";

const NGINX = "nginx";

/** `describe` and `it` of tests that need it are skipped where it is missing. */
export const hasNginx = (): boolean => present("nginx", spawnSync(NGINX, ["-v"]).status === 0);

export interface NginxServer {
  readonly url: string;
  close(): Promise<void>;
}

/** A real nginx of the test's own, on any free port. @param locations of its server, with their braces */
export async function startNginx(locations: string): Promise<NginxServer> {
  const folder = await mkdtemp(join(tmpdir(), "nginx-test-"));
  const port = await freePort();
  const temp = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `${name}_temp_path ${folder}/${name};`)
    .join("\n");
  const configuration = `
    daemon off;
    ${process.getuid?.() === 0 ? "user root;" : ""}
    worker_processes 1;
    pid ${folder}/nginx.pid;
    error_log ${folder}/error.log;
    events { worker_connections 256; }
    http {
      access_log off;
      ${temp}
      server { listen 127.0.0.1:${port}; ${locations} }
    }`;
  await writeFile(join(folder, "nginx.conf"), configuration);
  const args = ["-p", folder, "-e", `${folder}/error.log`, "-c", join(folder, "nginx.conf")];
  const child = await spawnService(NGINX, args, { asRoot: true });
  await until(() => listens(port), 60_000);
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      await endService(child);
      await rm(folder, { recursive: true });
    },
  };
}

/** The locations that a page of the documentation tells operators to set, with other places. */
export async function locationsOf(page: string, places: Readonly<Record<string, string>>): Promise<string> {
  const text = await readFile(page, "utf8");
  const locations = /```nginx\n([^`]*)```/.exec(text)?.[1] ?? "";
  return Object.entries(places).reduce((changed, [from, to]) => {
    if (!changed.includes(from)) throw new Error(`${page} has no ${from}`);
    return changed.replace(from, to);
  }, locations);
}
