import { describe, expect, it } from "@jest/globals";
import type { FastifyError, FastifyReply, FastifyRequest, FastifyServerOptions } from "fastify";
import Fastify from "fastify";
import { FiledeskError, gone, rateLimited, unauthenticated } from "../../../../src/kernel/errors.js";
import type { ErrorResponse } from "../../../../src/platform/http/errors/error-response.js";
import { DOWNLOAD_STATUS, errorResponse } from "../../../../src/platform/http/errors/error-response.js";

describe("an expected failure", () => {
  it("keeps its code, status, message and figures, in a body that no cache keeps", () => {
    const error = new FiledeskError("FILE_TOO_LARGE", "Too large.", { limit: 5, actual: 6 });
    const { status, headers, body } = errorResponse(error, "req-1");
    expect(status).toBe(413);
    expect(body).toEqual({
      error: { code: "FILE_TOO_LARGE", message: "Too large.", status: 413, limit: 5, actual: 6 },
    });
    expect(headers).toEqual({
      "content-type": "application/json; charset=utf-8",
      "cache-control": "no-store",
      "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
    });
  });

  it("says when to come again", () => {
    const limited = rateLimited("Slowly.", { policy: "uploads", limit: 10, retryAfter: 11.2 });
    expect(errorResponse(limited, "req-1")).toMatchObject({
      headers: { "retry-after": "12" },
      body: { error: { policy: "uploads", limit: 10 } },
    });
    const pending = new FiledeskError("FILE_NOT_SCANNED", "Soon.", { retryAfter: 5 });
    expect(errorResponse(pending, "req-1")).toMatchObject({ status: 423, headers: { "retry-after": "5" } });
  });

  it("says how to sign in, on 401 alone", () => {
    expect(errorResponse(unauthenticated(), "req-1").headers["www-authenticate"]).toBe("Bearer");
    expect(errorResponse(gone("file"), "req-1").headers).not.toHaveProperty("www-authenticate");
  });

  it("has another status on a download when the file is infected", () => {
    const infected = new FiledeskError("FILE_INFECTED", "Infected.");
    expect(errorResponse(infected, "req-1").status).toBe(422);
    expect(errorResponse(infected, "req-1", DOWNLOAD_STATUS)).toMatchObject({
      status: 403,
      body: { error: { code: "FILE_INFECTED", status: 403 } },
    });
  });

  it("cannot be disguised by its details", () => {
    const error = new FiledeskError("FORBIDDEN", "No.", { code: "OK", status: 200, message: "Yes" });
    expect(errorResponse(error, "req-1").body.error).toEqual({
      code: "FORBIDDEN",
      message: "No.",
      status: 403,
    });
  });
});

describe("a bug", () => {
  it.each([
    new Error("select * from secrets"),
    Object.assign(new Error("ENOENT: /var/lib/filedesk/x"), { code: "ENOENT", statusCode: 404 }),
    Object.assign(new Error("reply"), { code: "FST_ERR_REP_INVALID_PAYLOAD_TYPE", statusCode: 500 }),
    "a text",
    undefined,
    null,
  ])("is masked, with the id that finds it in the log", (bug) => {
    const { status, body } = errorResponse(bug, "req-1");
    expect(status).toBe(500);
    expect(body.error).toMatchObject({ code: "INTERNAL_SERVER_ERROR", status: 500, requestId: "req-1" });
    expect(JSON.stringify(body)).not.toMatch(/secrets|ENOENT|lib|reply|a text/);
  });
});

describe("a request that the web server refuses", () => {
  const answer = (error: FastifyError, request: FastifyRequest, reply: FastifyReply) => {
    const { status, headers, body } = errorResponse(error, request.id);
    return reply.code(status).headers(headers).send(body);
  };
  async function refusalOf(path: string, init: RequestInit) {
    const options = { bodyLimit: 10, routerOptions: { maxParamLength: 5 }, frameworkErrors: answer };
    const app = Fastify(options as FastifyServerOptions);
    app.setErrorHandler(answer);
    app.post("/", () => ({}));
    app.get("/:id", () => ({}));
    const response = await fetch(`${await app.listen({ port: 0, host: "127.0.0.1" })}${path}`, init);
    const { error } = (await response.json()) as ErrorResponse["body"];
    await app.close();
    return { ...error, status: response.status };
  }
  const json = { "content-type": "application/json" };

  it.each<[what: string, headers: Record<string, string>, payload: string, status: number, code: string]>([
    ["a body that is too large", json, '{"a":"aaaaaaaaaa"}', 413, "FILE_TOO_LARGE"],
    ["broken JSON", json, "{", 400, "BAD_USER_INPUT"],
    ["no body at all", json, "", 400, "BAD_USER_INPUT"],
    ["an unknown kind of body", { "content-type": "text/weird" }, "x", 415, "UNSUPPORTED_FILE_TYPE"],
  ])("has a fitting code: %s", async (_what, headers, payload, status, code) => {
    const refusal = await refusalOf("/", { method: "POST", headers, body: payload });
    expect(refusal).toMatchObject({ status, code });
    expect(refusal.message).not.toContain("FST_");
  });

  it.each<[url: string, status: number]>([
    ["/%zz", 400],
    ["/123456", 414],
  ])("has a fitting code: %s", async (url, status) => {
    expect(await refusalOf(url, {})).toMatchObject({ status, code: "BAD_USER_INPUT" });
  });
});
