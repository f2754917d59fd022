import type { ArgumentNode, DocumentNode, FieldNode, SelectionSetNode } from "graphql";
import { Kind } from "graphql";

/**
 * What validation compares: in each selection set, with fragments written out, every field with every other one that
 * has the same name in the answer, and then their own selection sets as one (GraphQL specification, 5.3.2, Field
 * Selection Merging). It prints the arguments of both each time, so that a pair weighs what its arguments do. It finds
 * those fields by comparing every fragment with every other one, also those that are not there or have nothing in
 * common, and looks up the fields of each in the other.
 *
 * @param document one in which no fragment is inside of itself
 * @param limit where the count may end: what is more is not told
 */
export function measureMerging({ definitions }: DocumentNode, limit: number): number {
  const fragments = new Map(
    definitions.flatMap((each) =>
      each.kind === Kind.FRAGMENT_DEFINITION ? [[each.name.value, each.selectionSet] as const] : [],
    ),
  );
  const meter: Meter = { fragments, limit, count: 0 };
  for (const each of definitions) if ("selectionSet" in each) addPairsIn([each.selectionSet], meter);
  return meter.count;
}

interface Meter {
  readonly fragments: ReadonlyMap<string, SelectionSetNode>;
  readonly limit: number;
  count: number;
}

function addPairsIn(sets: readonly SelectionSetNode[], meter: Meter): void {
  const fields: Fields = new Map();
  const collecting: Collecting = { meter, fields, visited: new Set(), spreads: 0 };
  for (const set of sets) collect(set, collecting);
  addFragments(collecting, sets.length === 1 && sets[0]?.selections.length === 1);
  for (const same of fields.values()) {
    if (meter.count > meter.limit) return;
    const weight = same.reduce((sum, field) => sum + weightOf(field), 0);
    meter.count += weight * (same.length - 1);
    const inner = same.flatMap(({ selectionSet }) => selectionSet ?? []);
    if (inner.length > 0) addPairsIn(inner, meter);
  }
}

/** Of a look-up of one field in one fragment, in comparisons. */
const LOOK_UP = 0.1;

/** @param isAlone whether one fragment, or field, is all that is selected: there is nothing to compare it with */
function addFragments({ meter, fields, spreads }: Collecting, isAlone: boolean): void {
  if (isAlone) return;
  meter.count += (spreads * (spreads - 1)) / 2;
  for (const same of fields.values()) meter.count += same.length * spreads * LOOK_UP;
}

/** By the name that they have in the answer. */
type Fields = Map<string, FieldNode[]>;

interface Collecting {
  readonly meter: Meter;
  readonly fields: Fields;
  /** Fragments are written out once in a set, however often they are spread there. */
  readonly visited: Set<string>;
  /** Spreads that were met, of whatever fragments. */
  spreads: number;
}

/** A selection that is looked at takes far less than a comparison, but time. */
const LOOK = 0.05;

function collect({ selections }: SelectionSetNode, collecting: Collecting): void {
  const { meter, fields } = collecting;
  for (const selection of selections) {
    meter.count += LOOK;
    if (meter.count > meter.limit) return;
    if (selection.kind === Kind.FIELD) {
      const name = (selection.alias ?? selection.name).value;
      const same = fields.get(name);
      if (same) same.push(selection);
      else fields.set(name, [selection]);
    } else if (selection.kind === Kind.INLINE_FRAGMENT) collect(selection.selectionSet, collecting);
    else collectFragment(selection.name.value, collecting);
  }
}

function collectFragment(name: string, collecting: Collecting): void {
  const { meter, visited } = collecting;
  collecting.spreads++;
  if (visited.has(name)) return;
  visited.add(name);
  const set = meter.fragments.get(name);
  if (set) collect(set, collecting);
}

/** Characters of arguments that take about as long as the rest of a comparison. */
const CHARACTERS = 20;

const weightOf = ({ arguments: given = [] }: FieldNode): number =>
  given.reduce((sum, argument) => sum + 1 + lengthOf(argument) / CHARACTERS, 1);

const lengthOf = ({ loc }: ArgumentNode): number => (loc ? loc.end - loc.start : CHARACTERS);
