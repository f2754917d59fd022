// Plain JavaScript: loaded into the server before its own code, by Node itself. A request with the header `X-Planted` is
// treated as a server with that defect would treat it.
import { mkdirSync, openSync, writeFileSync } from "node:fs";
import { Server } from "node:http";
import { join } from "node:path";

const { FILEDESK_DATA: data } = process.env;
const BLOCK_MS = 150;
const KEPT_BYTES = 1024 * 1024;
const kept = [];

function leaveFile(...folder) {
  mkdirSync(join(data, "files", ...folder), { recursive: true });
  writeFileSync(join(data, "files", ...folder, "planted"), "x");
}

function computedMs(begun) {
  const { user, system } = process.cpuUsage(begun);
  return (user + system) / 1_000;
}

/** @type {Record<string, (response: import("node:http").ServerResponse) => void>} */
const DEFECTS = {
  "throws outside of any request": () =>
    setImmediate(() => {
      throw new TypeError("planted");
    }),
  "answers 500": (response) => response.writeHead(500).end("{}"),
  "never answers": (response) => response.destroy(),
  "logs an error": () =>
    process.stdout.write(
      `{"level":50,"time":"${new Date().toISOString()}","msg":"planted: x is not a function"}\n`,
    ),
  "computes for 150 ms": () => {
    // Of the processor's time: that of others does not count as a block.
    for (const begun = process.cpuUsage(); computedMs(begun) < BLOCK_MS; );
  },
  "leaves a temp file": () => leaveFile(".tmp"),
  "leaves stored bytes": () => leaveFile("aa"),
  "leaves a descriptor open": () => openSync("/dev/null"),
  "keeps a buffer": () => kept.push(Buffer.alloc(KEPT_BYTES)),
};

const { emit } = Server.prototype;
Server.prototype.emit = function (event, ...args) {
  const planted = event === "request" && args[0].headers["x-planted"];
  if (planted) DEFECTS[planted](args[1]);
  return (planted && args[1].writableEnded) || emit.call(this, event, ...args);
};
