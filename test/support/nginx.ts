import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "./feed-world.js";
import { present } from "./present.js";
import { endService, freePort, giveAway, listens, spawnService } from "./spawned-service.js";

/** Debian installs it where only root's PATH leads. */
const PROGRAM = ["/usr/sbin/nginx", "nginx"].find((name) => spawnSync(name, ["-v"]).status === 0);

export const hasNginx = (): boolean => present("nginx", PROGRAM !== undefined);

export interface Nginx {
  readonly url: string;
  /** What it has logged as errors. */
  errors(): Promise<string>;
  close(): Promise<void>;
}

/** A real nginx with the site of `deploy/nginx.conf`, in which only addresses are other ones. */
export async function startNginx(urls: readonly string[]): Promise<Nginx> {
  const folder = await mkdtemp(join(tmpdir(), "nginx-test-"));
  const port = await freePort();
  const site = join(folder, "site.conf");
  const main = join(folder, "nginx.conf");
  const errorLog = join(folder, "error.log");
  const original = await readFile(new URL("../../deploy/nginx.conf", import.meta.url), "utf8");
  const led = urls.reduce(
    (text, url, n) => text.replace(`filedesk-${n + 1}:4000`, new URL(url).host),
    original.replace("listen 80;", `listen 127.0.0.1:${port};`),
  );
  await writeFile(site, led);
  const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (name) => `${name}_temp_path ${join(folder, name)};`,
  );
  await writeFile(
    main,
    `daemon off; worker_processes 1; pid ${join(folder, "pid")}; error_log ${errorLog} warn;
events { worker_connections 512; }
http { access_log off; ${paths.join(" ")} include ${site}; }
`,
  );
  await writeFile(errorLog, "");
  await giveAway(folder, site, main, errorLog);
  const program = PROGRAM ?? "nginx";
  const child = await spawnService(program, ["-c", main, "-p", folder]);
  const errors = () => readFile(errorLog, "utf8");
  await until(async () => {
    if (child.exitCode !== null) throw new Error(`nginx ended: ${await errors()}`);
    return listens(port);
  });
  return {
    url: `http://127.0.0.1:${port}`,
    errors,
    async close() {
      await endService(child, "SIGTERM");
      await rm(folder, { recursive: true, force: true, maxRetries: 10 });
    },
  };
}
