import { forbidden, notFound, unauthenticated } from "./errors.js";

/** The sender of a request. The identity module defines the other properties of a viewer. */
export interface Principal {
  readonly kind: string;
  /** Why the credentials of an anonymous request are not accepted, if it is worth saying. */
  readonly refusal?: string;
}

/** A rule without side effects: may this viewer do this to this subject? */
export type Rule<Viewer extends Principal, Subject> = (viewer: Viewer, subject: Subject) => boolean;

/**
 * The rules of one kind of subject. `read` decides who may know that the subject exists: for everybody else, every
 * action fails with "not found".
 */
export type Policy<Viewer extends Principal, Subject, Kind extends string = Viewer["kind"]> = {
  /** What the subject is called in error messages. */
  readonly subject: string;
  /** The kinds of viewer that its rules can allow. Viewers of other kinds are refused, whatever a rule says. */
  readonly viewers: readonly Kind[];
  readonly read: Rule<Viewer, Subject>;
} & { readonly [action: string]: Rule<Viewer, Subject> | string | readonly Kind[] };

/** The actions that a policy has rules for. */
export type ActionOf<P> = Exclude<keyof P, "subject" | "viewers"> & string;

/** A viewer that a policy has allowed, of one of its kinds, and the subject, which exists. */
export interface Authorized<Viewer, Subject, P extends { readonly viewers: readonly string[] }> {
  readonly viewer: Extract<Viewer, { readonly kind: P["viewers"][number] }>;
  readonly subject: Subject;
}

/**
 * Checks the permission for every read and write.
 *
 * @returns the viewer and the subject, with what the check has shown in their types
 * @throws UNAUTHENTICATED for an anonymous viewer, NOT_FOUND if the viewer may not read the subject, FORBIDDEN if the
 *   viewer may read it but not do this.
 */
export function authorize<Viewer extends Principal, Subject, P extends Policy<Viewer, Subject, string>>(
  policy: P,
  action: ActionOf<P>,
  viewer: Viewer,
  subject: Subject | null,
): Authorized<Viewer, Subject, P> {
  const rule = policy[action];
  if (subject !== null && isOfKind(viewer, policy) && typeof rule === "function" && rule(viewer, subject))
    return { viewer, subject };
  if (viewer.kind === "anonymous") throw unauthenticated(viewer.refusal);
  if (subject === null || !policy.read(viewer, subject)) throw notFound(policy.subject);
  const what = spoken(action, policy.subject);
  throw forbidden(`You may see this ${policy.subject}, but this is not yours to do: ${what}.`, { action });
}

const isOfKind = <Viewer extends Principal, P extends { readonly viewers: readonly string[] }>(
  viewer: Viewer,
  { viewers }: P,
): viewer is Extract<Viewer, { readonly kind: P["viewers"][number] }> => viewers.includes(viewer.kind);

/**
 * Checks the read permission of queries for one object: null if the viewer may not read it, as if it did not exist.
 *
 * @throws UNAUTHENTICATED for an anonymous viewer, so that a client renews an expired token
 */
export function readable<Viewer extends Principal, Subject>(
  policy: Policy<Viewer, Subject, string>,
  viewer: Viewer,
  subject: Subject | null,
): Subject | null {
  if (subject !== null && isOfKind(viewer, policy) && policy.read(viewer, subject)) return subject;
  if (viewer.kind === "anonymous") throw unauthenticated(viewer.refusal);
  return null;
}

/** The words of an action in an error message: `uploadTo` becomes "upload to this company". */
function spoken(action: string, subject: string): string {
  const words = action.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return / (from|of|on|to)$/.test(words) ? `${words} this ${subject}` : words;
}
