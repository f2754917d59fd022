import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { isId } from "../../../kernel/ids.js";

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
 * Makes and reads refresh tokens: `<session id>.<32 unguessable bytes>.<seal>`. The id finds the session even when the
 * token is not its newest; the seal shows that we have given it out, so that nobody ends a session who has never
 * had a token of it.
 */
export function createRefreshTokens({ secret }: { readonly secret: string }) {
  const mac = (text: string) => createHmac("sha256", secret).update(text);
  const sealOf = (text: string) => mac(`refresh:${text}`).digest("base64url");
  const sealed = (id: string, unguessable: Buffer): RefreshToken => {
    const text = `${id}.${unguessable.toString("base64url")}`;
    const token = `${text}.${sealOf(text)}`;
    return { id, token, hash: hashOfToken(token) };
  };
  return {
    /** The first token of a session. */
    issue: (id: string): RefreshToken => sealed(id, randomBytes(32)),

    /**
     * The token that this one is exchanged for: always the same, so that it can be told again without being stored.
     * Nobody finds it who has not both the token and the server's secret.
     */
    successorOf: ({ id, token }: Pick<RefreshToken, "id" | "token">): RefreshToken =>
      sealed(id, mac(`successor:${token}`).digest()),

    /** Null for what we have never given out. */
    sessionIdOf(token: string): string | null {
      const [id, random, seal, ...rest] = token.split(".", 4);
      if (!id || !random || !seal || rest.length > 0 || !isId(id)) return null;
      const expected = Buffer.from(sealOf(`${id}.${random}`));
      const given = Buffer.from(seal);
      return given.length === expected.length && timingSafeEqual(given, expected) ? id : null;
    },
  };
}
