/**
 * Runs work and observes it from outside, for example measures it. The result and the error are those of the work.
 *
 * @param name the kind of work, one of a bounded set
 */
export type Observe<Name extends string = string> = <Result>(
  name: Name,
  work: () => Promise<Result>,
) => Promise<Result>;

/** Runs work without observing it. */
export const unobserved: Observe = (_name, work) => work();

/** Combines observers, the first one outermost; undefined if there is none. */
export function observedBy<Name extends string>(
  ...observers: readonly (Observe<Name> | undefined)[]
): Observe<Name> | undefined {
  return observers.reduceRight(
    (inner, outer) =>
      outer && inner ? (name, work) => outer(name, () => inner(name, work)) : (outer ?? inner),
    undefined,
  );
}
