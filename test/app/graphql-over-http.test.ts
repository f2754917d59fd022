import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { serverAudits } from "graphql-http";
import type { TestServer } from "../support/test-server.js";
import { startTestServer } from "../support/test-server.js";

let server: TestServer;

/**
 * Audits that want status 200 for a document or variables that cannot be executed, where JSON is accepted. The draft has
 * dropped that: a request that is refused before it is executed is a 4xx, whichever type is accepted
 * (GraphQL over HTTP, §6.4).
 */
const AGAINST_THE_DRAFT = new Set(["572B", "FDE2", "7B9B"]);

const audits = serverAudits({ url: () => `${server.url}/graphql` });

describe("GraphQL over HTTP", () => {
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.close());

  it("has the audits that are run here: 36 of what a server must or should do", () => {
    expect(audits).toHaveLength(61);
    expect(audits.filter(({ name }) => /^(MUST|SHOULD)/.test(name))).toHaveLength(36);
  });

  it.each(audits.map((audit) => [audit.id, audit.name, audit] as const))(
    "%s: %s",
    async (id, name, audit) => {
      const result = await audit.fn();
      if (AGAINST_THE_DRAFT.has(id))
        return expect(result).toMatchObject({ status: "warn", response: { status: 400 } });
      const reason = "reason" in result ? result.reason : undefined;
      if (name.startsWith("MAY")) expect(["ok", "notice", "warn"]).toContain(result.status);
      else expect({ status: result.status, reason }).toEqual({ status: "ok", reason: undefined });
    },
  );
});
