import type { ApiKeyScope } from "../../src/modules/identity/viewer.js";
import type { GraphQLAnswer } from "./test-client.js";
import type { TestServer } from "./test-server.js";

/** A key of a test, as whoever created it got it. */
export interface TestKey {
  readonly id: string;
  /** The key itself, in the place of an access token. */
  readonly token: string;
}

export interface KeyOptions {
  readonly companyId: string;
  readonly scopes: readonly ApiKeyScope[];
  readonly name?: string;
  readonly expiresAt?: string | null;
}

const CREATE = `mutation ($input: CreateApiKeyInput!) {
  createApiKey(input: $input) { key apiKey { id name prefix scopes createdAt expiresAt lastUsedAt revokedAt createdBy { id } company { id } } }
}`;

interface CreatedKey {
  readonly createApiKey: {
    readonly key: string;
    readonly apiKey: { readonly id: string } & Readonly<Record<string, unknown>>;
  } | null;
}

/** Asks for a key, which may be refused. */
export const askForKey = (
  server: Pick<TestServer, "gql">,
  token: string | undefined,
  { name = "Course platform", ...input }: KeyOptions,
): Promise<GraphQLAnswer<CreatedKey>> => server.gql<CreatedKey>(CREATE, { input: { name, ...input } }, token);

/** A key of a company. @throws the first error of the answer */
export async function createKey(
  server: Pick<TestServer, "gql">,
  token: string,
  options: KeyOptions,
): Promise<TestKey> {
  const { data, errors } = await askForKey(server, token, options);
  if (!data?.createApiKey) throw new Error(JSON.stringify(errors));
  return { id: data.createApiKey.apiKey.id, token: data.createApiKey.key };
}

export const revokeKey = (server: Pick<TestServer, "gql">, token: string, id: string) =>
  server.gql<{ revokeApiKey: { id: string; revokedAt: string } | null }>(
    "mutation ($id: ID!) { revokeApiKey(id: $id) { id revokedAt } }",
    { id },
    token,
  );
