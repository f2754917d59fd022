// Plain JavaScript, because `global-setup.js` needs it too.
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { chown, mkdir, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import postgres from "postgres";

/** Where Debian has the programs of the oldest version that Filedesk promises to run on, and of the next one. */
const OLD = [15, 16].map((version) => `/usr/lib/postgresql/${version}/bin`);
const OWNER = "filedesk";
/** Postgres refuses to run as root. */
const NOBODY = 65_534;

export const findOldPostgres = () => OLD.find((folder) => existsSync(join(folder, "postgres"))) ?? null;

export async function startSystemPostgres({ programs, folder, spawn, settings = {} }) {
  const [cluster, passwordFile] = [join(folder, "cluster"), join(folder, "password")];
  const password = randomBytes(24).toString("hex");
  await mkdir(folder, { recursive: true });
  await writeFile(passwordFile, password);
  if (process.getuid?.() === 0) for (const path of [folder, passwordFile]) await chown(path, NOBODY, NOBODY);
  const port = await freePort();
  await toItsEnd(
    await spawn(join(programs, "initdb"), [
      `--pgdata=${cluster}`,
      "--username=postgres",
      `--pwfile=${passwordFile}`,
      "--auth=scram-sha-256",
      "--encoding=UTF8",
      "--locale=C.UTF-8",
      "--no-sync",
    ]),
  );
  const all = { ...settings, port, listen_addresses: "127.0.0.1", unix_socket_directories: "" };
  const words = Object.entries(all).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const child = await spawn(join(programs, "postgres"), ["-D", cluster, ...words]);
  const end = once(child, "close");
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid, "SIGINT");
    await end;
    await rm(folder, { recursive: true, force: true, maxRetries: 20 });
  };
  const account = { user: "postgres", password, host: "127.0.0.1", port, database: "postgres" };
  try {
    await ready(child);
    await createOwner(account);
  } catch (error) {
    await stop();
    throw error;
  }
  const urlOf = (user, database) => `postgres://${user}:${password}@127.0.0.1:${port}/${database}`;
  return { url: urlOf(OWNER, OWNER), superuserUrl: urlOf("postgres", "postgres"), stop };
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

async function toItsEnd(child) {
  let output = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    output += text;
  });
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`initdb ended with ${code}: ${output}`);
}

function ready(child) {
  return new Promise((resolve, reject) => {
    let output = "";
    child.stderr.setEncoding("utf8").on("data", (text) => {
      output = (output + text).slice(-10_000);
      if (/ready to accept connections/.test(output)) resolve();
    });
    child.once("close", (code) => reject(new Error(`postgres ended with ${code}: ${output}`)));
  });
}

/** As an operator does it: a role that is no superuser, and its database. */
async function createOwner(account) {
  const sql = postgres({ ...account, max: 1, onnotice: () => {} });
  try {
    await sql.unsafe(`create role ${OWNER} login createdb password '${account.password}'`);
    await sql.unsafe(`create database ${OWNER} owner ${OWNER}`);
  } finally {
    await sql.end();
  }
}
