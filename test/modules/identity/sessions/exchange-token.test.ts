import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { exchangeToken } from "../../../../src/modules/identity/sessions/exchange-token.js";
import { createRefreshTokens } from "../../../../src/modules/identity/sessions/refresh-token.js";
import { lockSession } from "../../../../src/modules/identity/sessions/session.repository.js";
import type { StartedSession } from "../../../../src/modules/identity/sessions/session.service.js";
import { until } from "../../../support/feed-world.js";
import type { Identity } from "../identity-fixture.js";
import { codeOf, PASSWORD, SECRET, startIdentity } from "../identity-fixture.js";

let now: Date;
let identity: Identity;

const start = async () =>
  identity.sessions.signIn(
    { email: (await identity.buildUser()).email, password: PASSWORD },
    { address: "192.0.2.1" },
  );
const refresh = (token: string) => identity.sessions.refreshSession(token, { address: "192.0.2.1" });
const later = (milliseconds: number) => {
  now = new Date(now.getTime() + milliseconds);
};
const lockOut = (id: string) => identity.sql`update users set deactivated_at = now() where id = ${id}`;

describe("exchange token", () => {
  beforeAll(async () => {
    identity = await startIdentity({ clock: () => now });
  });

  beforeEach(() => {
    now = new Date("2026-11-05T12:00:00Z");
  });

  afterAll(() => identity.stop());

  it("tells a refresh token's successor again for 10 seconds, with a good access token", async () => {
    const first = await start();
    const second = await refresh(first.refreshToken);
    later(10_000);
    const again = await refresh(first.refreshToken);
    expect(again.refreshToken).toBe(second.refreshToken);
    expect(await identity.sessions.viewerOf(again.accessToken)).toEqual(first.viewer);
    expect((await refresh(again.refreshToken)).refreshToken).not.toBe(second.refreshToken);
  });

  it("leads a late tab to the newest refresh token, however many came between", async () => {
    const first = await start();
    const second = await refresh(first.refreshToken);
    later(4_000);
    const third = await refresh(second.refreshToken);
    later(4_000);
    const fourth = await refresh(third.refreshToken);
    expect((await refresh(first.refreshToken)).refreshToken).toBe(fourth.refreshToken);
    expect((await refresh(second.refreshToken)).refreshToken).toBe(fourth.refreshToken);
    later(4_000);
    // The first was used 12 seconds ago, the second 8.
    expect((await refresh(second.refreshToken)).refreshToken).toBe(fourth.refreshToken);
    expect(await codeOf(refresh(first.refreshToken))).toBe("UNAUTHENTICATED");
    expect(await codeOf(refresh(fourth.refreshToken))).toBe("UNAUTHENTICATED");
  });

  it("counts the 10 seconds from the first use", async () => {
    const { refreshToken } = await start();
    await refresh(refreshToken);
    later(9_000);
    await refresh(refreshToken);
    later(9_000);
    expect(await codeOf(refresh(refreshToken))).toBe("UNAUTHENTICATED");
  });

  it("remembers few used tokens, however fast a session is refreshed", async () => {
    const { refreshToken, viewer } = await start();
    let newest = refreshToken;
    for (let count = 0; count < 20; count++) newest = (await refresh(newest)).refreshToken;
    const [row] = await identity.sql`select used_tokens from sessions where user_id = ${viewer.id}`;
    expect(row!.used_tokens).toHaveLength(10);
    expect(await codeOf(refresh(refreshToken))).toBe("UNAUTHENTICATED");
  });

  it.each([
    ["signed out", ({ viewer }) => identity.sessions.signOut(viewer)],
    ["locked out", ({ viewer }) => lockOut(viewer.id)],
  ] satisfies [string, (session: StartedSession) => Promise<unknown>][])(
    "tells nothing again to who has been %s meanwhile",
    async (_, end) => {
      const first = await start();
      await refresh(first.refreshToken);
      await end(first);
      expect(await codeOf(refresh(first.refreshToken))).toBe("UNAUTHENTICATED");
    },
  );

  it("gives one successor, however many ask for it at once", async () => {
    const { refreshToken } = await start();
    const pairs = await Promise.all(Array.from({ length: 5 }, () => refresh(refreshToken)));
    const [next, ...others] = new Set(pairs.map((pair) => pair.refreshToken));
    expect(others).toEqual([]);
    expect(await codeOf(refresh(next!))).toBe("ok");
  });

  it("takes nothing back that came before it in the midst of another exchange", async () => {
    const { refreshToken, viewer } = await start();
    const refreshTokens = createRefreshTokens({ secret: SECRET });
    const sessionId = viewer.sessionId!;
    const exchange = (token: string) => ({
      refreshTokens,
      sessionId,
      token,
      client: { address: "192.0.2.1" },
      now,
    });
    const { waiting, newest } = await identity.db.transaction(async (tx) => {
      await lockSession(tx, sessionId, now);
      const late = exchangeToken(identity.db, exchange(refreshToken));
      await until(async () => {
        const locked = await identity.sql`select from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`;
        return locked.length > 0;
      });
      const second = await exchangeToken(tx, exchange(refreshToken));
      return { waiting: [late], newest: await exchangeToken(tx, exchange(second!.token)) };
    });
    expect(await waiting[0]).toEqual(newest);
    expect(await codeOf(refresh(newest!.token))).toBe("ok");
  });
});
