import type { ArgumentNode, DocumentNode, FieldNode, SelectionSetNode } from "graphql";
import { Kind } from "graphql";

/**
 * What validation compares: in each selection set, with fragments written out, every field with every other one that
 * has the same name in the answer, and then their own selection sets as one (GraphQL specification, 5.3.2, Field
 * Selection Merging). It prints the arguments of both each time, so that a pair weighs what its arguments do.
 *
 * The caller has bounded what the document is when its fragments are written out, which this goes over once.
 */
export function measureMerging({ definitions }: DocumentNode): number {
  const fragments = new Map(
    definitions.flatMap((each) =>
      each.kind === Kind.FRAGMENT_DEFINITION ? [[each.name.value, each.selectionSet] as const] : [],
    ),
  );
  return definitions.reduce(
    (sum, each) => ("selectionSet" in each ? sum + pairsIn([each.selectionSet], fragments) : sum),
    0,
  );
}

type Fragments = ReadonlyMap<string, SelectionSetNode>;

function pairsIn(sets: readonly SelectionSetNode[], fragments: Fragments): number {
  const fields = new Map<string, FieldNode[]>();
  for (const set of sets) collect(set, { fragments, fields, open: new Set() });
  let pairs = 0;
  for (const same of fields.values()) {
    const weight = same.reduce((sum, field) => sum + weightOf(field), 0);
    pairs += weight * (same.length - 1);
    const inner = same.flatMap(({ selectionSet }) => selectionSet ?? []);
    if (inner.length > 0) pairs += pairsIn(inner, fragments);
  }
  return pairs;
}

interface Collecting {
  readonly fragments: Fragments;
  /** By the name that they have in the answer. */
  readonly fields: Map<string, FieldNode[]>;
  /** Fragments that are being written out: one that spreads itself is refused by validation. */
  readonly open: Set<string>;
}

function collect({ selections }: SelectionSetNode, collecting: Collecting): void {
  const { fragments, fields, open } = collecting;
  for (const selection of selections) {
    if (selection.kind === Kind.FIELD) {
      const name = (selection.alias ?? selection.name).value;
      const same = fields.get(name);
      if (same) same.push(selection);
      else fields.set(name, [selection]);
    } else if (selection.kind === Kind.INLINE_FRAGMENT) collect(selection.selectionSet, collecting);
    else {
      const name = selection.name.value;
      const set = fragments.get(name);
      if (!set || open.has(name)) continue;
      open.add(name);
      collect(set, collecting);
      open.delete(name);
    }
  }
}

/** Characters of arguments that take about as long as the rest of a comparison. */
const CHARACTERS = 20;

const weightOf = ({ arguments: given = [] }: FieldNode): number =>
  given.reduce((sum, argument) => sum + 1 + lengthOf(argument) / CHARACTERS, 1);

const lengthOf = ({ loc }: ArgumentNode): number => (loc ? loc.end - loc.start : CHARACTERS);
