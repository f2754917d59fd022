import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { connectDriver } from "../src/platform/database/connect-driver.js";

/**
 * The minimum for the list: one statement that builds the whole JSON. No sign-in, no policy, no query to parse; the
 * URLs have the real length, but a made-up signature.
 */
const [databaseUrl = "", companyId = "", baseUrl = ""] = process.argv.slice(2);

const sql = connectDriver(databaseUrl, { max: 10 });

const urlRest = `?v=0123456789ab&viewer=${companyId}&expires=1234567890&key=k1&signature=${"s".repeat(43)}`;

/** The page comes first, in a subquery, so that nothing is read for rows behind it. */
const page = () => sql<{ nodes: string }[]>`
  select json_agg(t order by t."createdAt" desc, t.id desc)::text as nodes
  from (
    select page.*, (
      select json_build_object('nodes', json_agg(a))
      from (
        select a.id, m.file_name as "fileName", b.size, b.mime_type as "mimeType",
          ${`${baseUrl}/attachments/`} || a.id || '/' || m.file_name || ${urlRest} as url
        from attachments a join media_files m on m.id = a.media_file_id join blobs b on b.id = m.blob_id
        where a.ticket_id = page.id and a.deleted_at is null
        order by a.created_at, a.id) a) as attachments
    from (
      select id, number, subject, status, priority, created_at as "createdAt" from tickets
      where company_id = ${companyId} and deleted_at is null
      order by created_at desc, id desc limit 20) page) t`;

const server = createServer(async (request, response) => {
  request.resume();
  const [row] = await page();
  const body = `{"data":{"tickets":{"nodes":${row?.nodes}}}}`;
  response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(body) });
  response.end(body);
});

server.listen(0, "127.0.0.1");
await once(server, "listening");
process.send?.((server.address() as AddressInfo).port);
process.once("disconnect", () => process.exit());
