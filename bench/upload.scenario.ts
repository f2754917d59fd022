import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { openTicket, signIn } from "./desk-client.js";
import type { Lane } from "./load.js";
import { makePhoto } from "./photos.js";
import { startFloor } from "./processes.js";
import type { Scenario, ScenarioEnvironment } from "./scenario.js";

const PHOTO_BYTES = 200_000;
const BOUNDARY = "----filedesk-bench";

/** Eight people at once, each to a ticket of their own: two uploads of one person share their rate limit's row. */
const PEOPLE = ["acme", "globex"].flatMap((company) =>
  ["manager", "agent", "customer", "customer2"].map((account) => `${account}@${company}.test`),
);

const UPLOAD = `mutation ($input: UploadTicketAttachmentsInput!) {
  uploadTicketAttachments(input: $input) { id fileName size url }
}`;

/** Uploads of 200 KB photos, no two of them equal. */
export async function uploadScenario({ folder, filedesk }: ScenarioEnvironment): Promise<Scenario> {
  const floorFolder = join(folder, "floor");
  await mkdir(floorFolder);
  const lanes = await Promise.all(PEOPLE.map((email) => uploadLane(filedesk.port, email)));
  return {
    title: `Upload of ${PHOTO_BYTES / 1_000} KB JPEGs, ${PEOPLE.length} at once`,
    target: 0.35,
    lanes: { floor: lanes, filedesk: lanes },
    floors: [
      await startFloor("busboy + SHA-256 to disk", "upload.floor.js", [floorFolder]),
      await startFloor("the same, decoded once, with fsync", "upload.floor.js", [floorFolder, "verify"]),
    ],
    // Otherwise the floor's bytes go to the disk while Filedesk waits for its own to get there.
    async tidy() {
      await rm(floorFolder, { recursive: true });
      await mkdir(floorFolder);
    },
  };
}

async function uploadLane(port: number, email: string): Promise<Lane> {
  const person = await signIn(port, email);
  const ticketId = await openTicket(port, person, { subject: `Photos of ${email}`, files: [] });
  const photo = await makePhoto(PHOTO_BYTES);
  const operations = { query: UPLOAD, variables: { input: { ticketId, files: [null] } } };
  const before = Buffer.from(
    [
      part('name="operations"', JSON.stringify(operations)),
      part('name="map"', JSON.stringify({ 0: ["variables.input.files.0"] })),
      part('name="0"; filename="photo.jpg"\r\nContent-Type: image/jpeg', ""),
    ].join("\r\n"),
  );
  const body = Buffer.concat([before, photo.bytes, Buffer.from(`\r\n--${BOUNDARY}--\r\n`)]);
  const head = [
    "POST /graphql HTTP/1.1",
    `Host: 127.0.0.1:${port}`,
    `Authorization: Bearer ${person.token}`,
    "Apollo-Require-Preflight: true",
    `Content-Type: multipart/form-data; boundary=${BOUNDARY}`,
    `Content-Length: ${body.length}`,
  ];
  return { head: `${head.join("\r\n")}\r\n\r\n`, body, stampAt: before.length + photo.stampAt };
}

const part = (disposition: string, content: string) =>
  `--${BOUNDARY}\r\nContent-Disposition: form-data; ${disposition}\r\n\r\n${content}`;
