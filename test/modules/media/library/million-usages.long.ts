import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { listLibrary } from "../../../../src/modules/media/library/library.repository.js";
import {
  countUsagesOfResources,
  listUsagesOfResources,
} from "../../../../src/modules/media/library/resource-usage.repository.js";
import type { DatabaseClient } from "../../../../src/platform/database/client.js";
import { connectDatabase } from "../../../../src/platform/database/client.js";
import { query } from "../../../support/database.js";
import { uploadMedia } from "../../../support/library-world.js";
import type { TicketWorld } from "../../../support/ticket-world.js";
import { startTicketWorld } from "../../../support/ticket-world.js";

const FILES = 2_000;
const COURSES = 1_000_000;
const ONE = { resourceType: "course", resourceIds: ["700017"], fieldName: "thumbnail" };
const PAGE = { limit: 20, from: null, direction: "forward" } as const;

interface PlanNode {
  readonly "Node Type": string;
  readonly "Relation Name"?: string;
  readonly "Index Name"?: string;
  readonly "Index Cond"?: string;
  readonly Plans?: readonly PlanNode[];
}

let world: TicketWorld;
let companyId: string;
let client: DatabaseClient;
const statements: string[] = [];

/** The scans of the plan of a statement, whatever its parameters are. */
async function scansOf(statement: string): Promise<PlanNode[]> {
  const [row] = await query(world.server.ownerUrl, `explain (generic_plan, format json) ${statement}`);
  const [{ Plan }] = row!["QUERY PLAN"] as [{ Plan: PlanNode }];
  const all = (node: PlanNode): PlanNode[] => [node, ...(node.Plans ?? []).flatMap(all)];
  return all(Plan).filter(
    (node) => /Scan$/.test(node["Node Type"]) && node["Node Type"] !== "Bitmap Heap Scan",
  );
}

/** The statement that a look-up consists of. */
async function statementOf(lookUp: () => Promise<unknown>): Promise<string> {
  statements.length = 0;
  await lookUp();
  expect(statements).toHaveLength(1);
  return statements[0]!;
}

describe("of a million usages", () => {
  beforeAll(async () => {
    world = await startTicketWorld();
    companyId = await world.newCompany();
    const { id } = await uploadMedia(world.people.agent, { companyId });
    await query(
      world.server.ownerUrl,
      `with copies as (
        insert into media_files (id, company_id, blob_id, bucket, file_name, size, mime_type, uploader_id)
        select gen_random_uuid(), company_id, blob_id, bucket, file_name, size, mime_type, uploader_id
        from media_files, generate_series(1, ${FILES}) where id = '${id}' returning id, company_id),
      numbered as (select *, row_number() over () as number from copies)
      insert into media_usages (id, company_id, media_file_id, resource_type, resource_id, field_name)
      select gen_random_uuid(), company_id, id, 'course', course::text, 'thumbnail'
      from generate_series(1, ${COURSES}) course join numbered on number = course % ${FILES} + 1`,
    );
    await query(world.server.ownerUrl, "analyze media_usages, media_files");
    client = connectDatabase(world.server.ownerUrl, {
      connections: 1,
      onStatement: (statement) => statements.push(statement),
    });
  });

  afterAll(async () => {
    await client?.close();
    await world?.close();
  });

  it.each([
    ["the usages of a resource", () => listUsagesOfResources(client.db, companyId, ONE, PAGE)],
    ["their number", () => countUsagesOfResources(client.db, companyId, ONE)],
  ])("%s are one scan of one index", async (_what, lookUp) => {
    const scans = await scansOf(await statementOf(lookUp));
    expect(scans).toHaveLength(1);
    expect(scans[0]).toMatchObject({ "Index Name": "media_usages_by_resource" });
    for (const column of ["company_id", "resource_type", "resource_id"])
      expect(scans[0]!["Index Cond"]).toContain(column);
  });

  it("the files that a resource uses are found by that index, and no table of many rows is read through", async () => {
    const scope = {
      companyId,
      now: new Date(),
      restorableSince: new Date(0),
      deletedOf: "nobody",
      withoutPersonal: false,
    } as const;
    const [resourceId = ""] = ONE.resourceIds;
    const lookUp = () =>
      listLibrary(client.db, scope, { usedBy: { ...ONE, resourceId } }, { order: "NEWEST", page: PAGE });
    const scans = await scansOf(await statementOf(lookUp));
    expect(scans.map((scan) => scan["Index Name"])).toContain("media_usages_by_resource");
    for (const scan of scans.filter((one) => one["Relation Name"] !== "blobs"))
      expect(scan["Node Type"]).not.toBe("Seq Scan");
    expect((await lookUp()).rows).toHaveLength(1);
  });
});
