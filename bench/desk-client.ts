/** A person who is signed in to the server under test. */
export interface Person {
  readonly token: string;
  readonly companyId: string;
}

interface Answer<Data> {
  readonly data?: Data;
  readonly errors?: readonly { readonly message: string }[];
}

const PASSWORD = "filedesk-demo";

const SIGN_IN = `mutation ($email: String!, $password: String!) {
  signIn(input: { email: $email, password: $password }) {
    accessToken
    viewer { memberships { company { id } } }
  }
}`;

const CREATE_TICKET = `mutation ($input: CreateTicketInput!) { createTicket(input: $input) { id } }`;

export async function signIn(port: number, email: string): Promise<Person> {
  const { signIn: session } = await call<{
    signIn: { accessToken: string; viewer: { memberships: { company: { id: string } }[] } };
  }>(port, null, JSON.stringify({ query: SIGN_IN, variables: { email, password: PASSWORD } }));
  return { token: session.accessToken, companyId: session.viewer.memberships[0]!.company.id };
}

/** Opens a ticket with small text files on it. */
export async function openTicket(
  port: number,
  { token, companyId }: Person,
  { subject, files }: { subject: string; files: readonly File[] },
): Promise<string> {
  const input = {
    companyId,
    subject,
    description: "Something does not work, and this says what.",
    priority: "NORMAL",
    files: files.map(() => null),
  };
  const form = new FormData();
  form.set("operations", JSON.stringify({ query: CREATE_TICKET, variables: { input } }));
  form.set(
    "map",
    JSON.stringify(Object.fromEntries(files.map((_, n) => [n, [`variables.input.files.${n}`]]))),
  );
  files.forEach((file, n) => {
    form.set(String(n), file);
  });
  const { createTicket } = await call<{ createTicket: { id: string } }>(port, token, form);
  return createTicket.id;
}

/** Sends one GraphQL request. @throws Error with the errors of the response */
export async function call<Data>(port: number, token: string | null, body: string | FormData): Promise<Data> {
  const response = await fetch(`http://127.0.0.1:${port}/graphql`, {
    method: "POST",
    headers: {
      "apollo-require-preflight": "true",
      ...(typeof body === "string" && { "content-type": "application/json" }),
      ...(token !== null && { authorization: `Bearer ${token}` }),
    },
    body,
  });
  const { data, errors } = (await response.json()) as Answer<Data>;
  if (errors || !data)
    throw new Error(`${response.status}: ${errors?.map(({ message }) => message).join("; ")}`);
  return data;
}
