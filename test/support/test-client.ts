import type { TypedDocumentNode } from "@apollo/client";
import { ApolloClient, CombinedGraphQLErrors, InMemoryCache, ServerError } from "@apollo/client";
import UploadHttpLink from "apollo-upload-client/UploadHttpLink.mjs";
import { print } from "graphql";
import { noteTokens } from "./run-log.js";

/** A client as a web app has it: normalising cache, upload link, the header that lets multipart requests through. */
export const createClient = (url: string, token?: string): ApolloClient =>
  new ApolloClient({ cache: createCache(), link: createUploadLink(url, token) });

export const createCache = (): InMemoryCache =>
  new InMemoryCache({
    possibleTypes: { Post: ["Photo", "PhotoSeries", "VideoClip"], Actor: ["User", "Guest", "ApiKey"] },
  });

export const createUploadLink = (url: string, token?: string): UploadHttpLink =>
  new UploadHttpLink({
    uri: `${url}/graphql`,
    headers: { "apollo-require-preflight": "true", ...bearer(token) },
  });

export const bearer = (token?: string): Record<string, string> =>
  token === undefined ? {} : { authorization: `Bearer ${token}` };

export interface GraphQLFailure {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly extensions: { readonly code: string; readonly status: number } & Readonly<Record<string, unknown>>;
}

export interface GraphQLAnswer<Data> {
  readonly status: number;
  readonly headers: Headers;
  readonly data?: Data | null;
  readonly errors?: readonly GraphQLFailure[];
}

export type Query<Data, Variables> = string | TypedDocumentNode<Data, Variables>;

/** One POST of JSON and its answer as it came. */
export async function postGraphQL<Data, Variables>(
  url: string,
  query: Query<Data, Variables>,
  variables?: Variables,
  token?: string,
): Promise<GraphQLAnswer<Data>> {
  const response = await fetch(`${url}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json", ...bearer(token) },
    body: JSON.stringify({ query: typeof query === "string" ? query : print(query), variables }),
  });
  const text = await response.text();
  noteTokens(JSON.stringify(variables ?? {}));
  noteTokens(text);
  const body = JSON.parse(text) as Pick<GraphQLAnswer<Data>, "data" | "errors">;
  return { status: response.status, headers: response.headers, ...body };
}

/** Whether a request got no answer because the connection broke. */
export const isCutOff = (error: unknown): boolean =>
  (error as Error).name === "TypeError" && /fetch failed|terminated/.test((error as Error).message);

/** The code of the first failure; "ok" when there was none. */
export const codeIn = ({ errors }: Pick<GraphQLAnswer<unknown>, "errors">): string =>
  errors?.[0]?.extensions.code ?? "ok";

/** What Apollo Client was told: a failure of GraphQL, or of the server before GraphQL saw the request. */
export async function failureOf(action: Promise<unknown>): Promise<GraphQLFailure | null> {
  try {
    await action;
    return null;
  } catch (error) {
    if (CombinedGraphQLErrors.is(error)) return error.errors[0] as GraphQLFailure;
    if (ServerError.is(error)) return JSON.parse(error.bodyText).errors[0] as GraphQLFailure;
    throw error;
  }
}

/** As `codeIn`, for what Apollo Client was told. */
export const codeOf = async (action: Promise<unknown>): Promise<string> =>
  (await failureOf(action))?.extensions.code ?? "ok";
