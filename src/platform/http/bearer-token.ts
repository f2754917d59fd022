/** The token of an `Authorization: Bearer …` (RFC 6750 §2.1); null without one. */
export const bearerToken = (authorization: string | undefined): string | null =>
  /^Bearer +([A-Za-z0-9._~+/=-]+)$/i.exec(authorization ?? "")?.[1] ?? null;
