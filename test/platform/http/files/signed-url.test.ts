import { describe, expect, it } from "@jest/globals";
import { HOUR_MS, MINUTE_MS } from "../../../../src/kernel/clock.js";
import { FiledeskError } from "../../../../src/kernel/errors.js";
import type { UrlSignerOptions } from "../../../../src/platform/http/files/signed-url.js";
import { createUrlSigner, isSigned } from "../../../../src/platform/http/files/signed-url.js";

const START = Date.parse("2026-03-01T10:00:00Z");
const OLD_KEY = { id: "2025", secret: "the secret of last year, which is long enough" };
const NEW_KEY = { id: "2026", secret: "the secret of this year, which is long enough" };
const target = { resource: "attachments/0195-a", name: "report.pdf", viewerId: "viewer-1" };

function at(time: number, options: Partial<UrlSignerOptions> = {}) {
  return createUrlSigner({
    keys: [OLD_KEY],
    lifetimeMs: HOUR_MS,
    windowMs: 10 * MINUTE_MS,
    clock: () => new Date(time),
    ...options,
  });
}

function queryOf(url: string): Record<string, unknown> {
  return Object.fromEntries(new URL(url, "http://desk.test").searchParams);
}

function refusal(act: () => unknown): FiledeskError {
  try {
    act();
  } catch (error) {
    if (error instanceof FiledeskError) return error;
    throw error;
  }
  throw new Error("it was not refused");
}

describe("a signed URL", () => {
  it("opens what it was made for, and names the viewer", () => {
    const url = at(START).sign(target);
    expect(new URL(url, "http://desk.test").pathname).toBe("/attachments/0195-a/report.pdf");
    expect(isSigned(queryOf(url))).toBe(true);
    expect(at(START).verify(target.resource, queryOf(url))).toEqual({
      viewerId: "viewer-1",
      expiresAt: new Date(START + HOUR_MS),
      maxAgeSeconds: 3600,
    });
  });

  it("opens it under any name", () => {
    const [a, b] = ["a.pdf", "b.pdf"].map((name) => queryOf(at(START).sign({ ...target, name })));
    expect(a).toEqual(b);
  });

  it.each(["ü/ö ?#%.pdf", "..", "", "a\r\nb", "half \uD83D emoji"])(
    "stays one segment with the name %j",
    (name) => {
      const url = new URL(at(START).sign({ ...target, name }), "http://desk.test");
      expect(url.pathname).toMatch(/^\/attachments\/0195-a\/[^/]+$/);
      expect(at(START).verify(target.resource, Object.fromEntries(url.searchParams)).viewerId).toBe(
        "viewer-1",
      );
    },
  );

  it.each<[part: string, change: Record<string, unknown>]>([
    ["viewer", { viewer: "viewer-2" }],
    ["viewer", { viewer: undefined }],
    ["viewer", { viewer: ["viewer-1", "viewer-2"] }],
    ["expiry", { expires: String((START + 2 * HOUR_MS) / 1000) }],
    ["expiry", { expires: "1e99" }],
    ["key", { key: "2026" }],
    ["key", { key: "unknown" }],
    ["key", { key: "__proto__" }],
    ["signature", { signature: "A".repeat(43) }],
    ["signature", { signature: "" }],
    ["signature", { signature: undefined }],
    ["signature", { signature: "ü".repeat(43) }],
  ])("is refused when its %s is changed: %j", (_part, change) => {
    const signer = at(START, { keys: [OLD_KEY, NEW_KEY] });
    const query = { ...queryOf(signer.sign(target)), ...change };
    expect(refusal(() => signer.verify(target.resource, query))).toMatchObject({
      code: "FORBIDDEN",
      details: { reason: "invalid" },
    });
  });

  it("is refused when its signature is only spelt in another way", () => {
    const query = queryOf(at(START).sign(target));
    for (const spelling of [`${query.signature}=`, ` ${query.signature}`, `${query.signature}A`])
      expect(refusal(() => at(START).verify(target.resource, { ...query, signature: spelling })).code).toBe(
        "FORBIDDEN",
      );
  });

  it.each(["attachments/0195-b", "attachments/0195-a/thumbnail", "files/0195-a", ""])(
    "does not open %j",
    (resource) => {
      const query = queryOf(at(START).sign(target));
      expect(refusal(() => at(START).verify(resource, query)).details.reason).toBe("invalid");
    },
  );

  it("keeps resource and viewer apart", () => {
    const query = queryOf(at(START).sign({ ...target, resource: "a", viewerId: 'b","c' }));
    expect(refusal(() => at(START).verify('a","b', { ...query, viewer: "c" })).code).toBe("FORBIDDEN");
  });
});

describe("its time", () => {
  it("ends, and the message says what to do", () => {
    const query = queryOf(at(START).sign(target));
    expect(at(START + HOUR_MS - 1).verify(target.resource, query).maxAgeSeconds).toBe(0);
    const error = refusal(() => at(START + HOUR_MS).verify(target.resource, query));
    expect(error.details.reason).toBe("expired");
    expect(error.message).toContain("new `url`");
  });

  it("is not the answer to a URL that was never valid", () => {
    const query = { ...queryOf(at(START).sign(target)), expires: "1" };
    expect(refusal(() => at(START).verify(target.resource, query)).details.reason).toBe("invalid");
  });

  it("gives a viewer the same URL for a window, and always at least lifetime − window", () => {
    const urls = new Map<string, number>();
    for (let minute = 0; minute < 60; minute += 0.5) {
      const now = START + minute * MINUTE_MS + 123;
      const url = at(now).sign(target);
      urls.set(url, (urls.get(url) ?? 0) + 1);
      const leftMs = at(now).verify(target.resource, queryOf(url)).expiresAt.getTime() - now;
      expect(leftMs).toBeGreaterThanOrEqual(50 * MINUTE_MS);
      expect(leftMs).toBeLessThanOrEqual(HOUR_MS);
    }
    expect([...urls.values()]).toEqual([20, 20, 20, 20, 20, 20]);
  });

  it("is never outlived by a cache", () => {
    const now = START + 7 * MINUTE_MS + 999;
    const { maxAgeSeconds, expiresAt } = at(now).verify(target.resource, queryOf(at(START).sign(target)));
    expect(now + maxAgeSeconds * 1000).toBeLessThanOrEqual(expiresAt.getTime());
  });
});

describe("keys", () => {
  it("rotate: the newest signs, the older still verifies until it is taken away", () => {
    const rotated = at(START, { keys: [NEW_KEY, OLD_KEY] });
    const oldQuery = queryOf(at(START).sign(target));
    expect(rotated.verify(target.resource, oldQuery).viewerId).toBe("viewer-1");
    expect(queryOf(rotated.sign(target)).key).toBe("2026");
    const withoutOld = at(START, { keys: [NEW_KEY] });
    expect(refusal(() => withoutOld.verify(target.resource, oldQuery)).code).toBe("FORBIDDEN");
  });

  it("with the same id and another secret do not verify", () => {
    const other = at(START, { keys: [{ ...OLD_KEY, secret: "stolen? no, guessed" }] });
    expect(refusal(() => other.verify(target.resource, queryOf(at(START).sign(target)))).code).toBe(
      "FORBIDDEN",
    );
  });

  it.each<[what: string, options: Partial<UrlSignerOptions>]>([
    ["no key", { keys: [] }],
    ["two keys of one id", { keys: [OLD_KEY, { ...NEW_KEY, id: OLD_KEY.id }] }],
    ["an id that needs escaping", { keys: [{ ...OLD_KEY, id: "a&b" }] }],
    ["a window longer than the life", { windowMs: HOUR_MS + 1 }],
  ])("are refused at the start: %s", (_what, options) => {
    expect(() => at(START, options)).toThrow();
  });
});
