import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { isId } from "../../../kernel/ids.js";

export interface RefreshToken {
  /** The session's id. */
  readonly id: string;
  readonly token: string;
  /** The stored hash of the token. */
  readonly hash: string;
}

export type RefreshTokens = ReturnType<typeof createRefreshTokens>;

/** Hashes a token for storage: enough to recognise it, not enough to use it. */
export const hashOfToken = (token: string): string => createHash("sha256").update(token).digest("hex");

/**
 * Creates and parses refresh tokens: `<session id>.<32 random bytes>.<MAC>`. The id finds the session even if the
 * token is not its newest. The MAC shows that this server issued the token, so that nobody ends a session without
 * having had one of its tokens.
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
     * The successor of a token: always the same, so that it can be returned again without being stored. It is derived
     * from the token and the secret of the server.
     */
    successorOf: ({ id, token }: Pick<RefreshToken, "id" | "token">): RefreshToken =>
      sealed(id, mac(`successor:${token}`).digest()),

    /** Null for a token that this server did not issue. */
    sessionIdOf(token: string): string | null {
      const [id, random, seal, ...rest] = token.split(".", 4);
      if (!id || !random || !seal || rest.length > 0 || !isId(id)) return null;
      const expected = Buffer.from(sealOf(`${id}.${random}`));
      const given = Buffer.from(seal);
      return given.length === expected.length && timingSafeEqual(given, expected) ? id : null;
    },
  };
}
