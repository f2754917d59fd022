import { createHash, randomUUID } from "node:crypto";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import busboy from "busboy";

/**
 * The least that an upload can be: the body is taken apart, hashed and written, and nothing else. No check, no row,
 * no fsync.
 */
const [folder = "."] = process.argv.slice(2);

const server = createServer((request, response) => {
  const parser = busboy({ headers: request.headers });
  const files: Promise<string>[] = [];
  parser.on("file", (_name, stream) => {
    const hash = createHash("sha256");
    stream.on("data", (chunk) => hash.update(chunk));
    const writing = pipeline(stream, createWriteStream(join(folder, randomUUID())));
    files.push(writing.then(() => hash.digest("hex")));
  });
  parser.on("close", async () => {
    const hashes = await Promise.all(files);
    const body = JSON.stringify({ data: { hashes } });
    response.writeHead(200, {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(body),
    });
    response.end(body);
  });
  request.pipe(parser);
});

server.listen(0, "127.0.0.1");
await once(server, "listening");
process.send?.((server.address() as AddressInfo).port);
process.once("disconnect", () => process.exit());
