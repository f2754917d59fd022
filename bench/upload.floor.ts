import { createHash, randomUUID } from "node:crypto";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { open, rename } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import busboy from "busboy";
import sharp from "sharp";

/**
 * The minimum for an upload: the body is parsed, hashed and written. No check, no row, no fsync. With `verify` it also
 * does what Filedesk guarantees for every image: it decodes the image once, as cheaply as Filedesk, and responds when
 * the bytes and their name are on the disk.
 */
const [folder = ".", promise] = process.argv.slice(2);

sharp.cache(false);
sharp.concurrency(1);

async function verify(path: string, bytes: Buffer): Promise<void> {
  const { width, height } = await sharp(bytes).metadata();
  await sharp(bytes, { failOn: "warning", sequentialRead: true })
    .resize(Math.ceil(width / 8), Math.ceil(height / 8), { fit: "fill", kernel: "nearest" })
    .raw()
    .toBuffer();
  await sync(path);
  await rename(path, `${path}.jpg`);
  await sync(folder);
}

async function sync(path: string): Promise<void> {
  const handle = await open(path);
  await handle.sync();
  await handle.close();
}

const server = createServer((request, response) => {
  const parser = busboy({ headers: request.headers });
  const files: Promise<string>[] = [];
  parser.on("file", (_name, stream) => {
    const hash = createHash("sha256");
    const chunks: Buffer[] = [];
    stream.on("data", (chunk) => {
      hash.update(chunk);
      if (promise === "verify") chunks.push(chunk);
    });
    const path = join(folder, randomUUID());
    const written = pipeline(stream, createWriteStream(path));
    const verified = promise === "verify" ? written.then(() => verify(path, Buffer.concat(chunks))) : written;
    files.push(verified.then(() => hash.digest("hex")));
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
