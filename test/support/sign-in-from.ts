import { print } from "graphql";
import type { SignInMutation } from "./generated/operations.js";
import { SignInDocument } from "./generated/operations.js";
import type { GraphQLAnswer } from "./test-client.js";

export interface SignInAttempt {
  readonly url: string;
  /** What `X-Forwarded-For` says. */
  readonly address: string;
  readonly email: string;
  readonly password: string;
}

/** An attempt to sign in, as a proxy passes it on. */
export async function signInFrom({
  url,
  address,
  ...input
}: SignInAttempt): Promise<GraphQLAnswer<SignInMutation>> {
  const response = await fetch(`${url}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-forwarded-for": address },
    body: JSON.stringify({ query: print(SignInDocument), variables: { input } }),
  });
  const body = (await response.json()) as Pick<GraphQLAnswer<SignInMutation>, "data" | "errors">;
  return { status: response.status, headers: response.headers, ...body };
}
