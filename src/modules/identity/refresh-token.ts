import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { isId } from "../../kernel/ids.js";

export interface RefreshToken {
  /** The session's id. */
  readonly id: string;
  readonly token: string;
  /** What is stored of it. */
  readonly hash: string;
}

export type RefreshTokens = ReturnType<typeof createRefreshTokens>;

/** What is stored of a token: enough to know it again, not enough to use it. */
export const hashOfToken = (token: string): string => createHash("sha256").update(token).digest("hex");

/**
 * Makes and reads refresh tokens: `<session id>.<32 random bytes>.<seal>`. The id finds the session even when the
 * token is not its newest; the seal shows that we have given it out, so that nobody ends a session who has never
 * had a token of it.
 */
export function createRefreshTokens({ secret }: { readonly secret: string }) {
  const sealOf = (text: string) => createHmac("sha256", secret).update(`refresh:${text}`).digest("base64url");
  return {
    issue(id: string): RefreshToken {
      const text = `${id}.${randomBytes(32).toString("base64url")}`;
      const token = `${text}.${sealOf(text)}`;
      return { id, token, hash: hashOfToken(token) };
    },

    /** Null for what we have never given out. */
    sessionIdOf(token: string): string | null {
      const [id = "", random = "", seal = "", ...rest] = token.split(".", 4);
      if (!isId(id) || rest.length > 0) return null;
      const expected = Buffer.from(sealOf(`${id}.${random}`));
      const given = Buffer.from(seal);
      return given.length === expected.length && timingSafeEqual(given, expected) ? id : null;
    },
  };
}
