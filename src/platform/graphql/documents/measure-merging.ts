import type { ArgumentNode, DocumentNode, FieldNode, SelectionSetNode } from "graphql";
import { Kind } from "graphql";

/**
 * Estimates the comparisons of validation (GraphQL specification, 5.3.2, Field Selection Merging). In each selection
 * set, with fragments expanded, it compares all fields with the same response name in pairs, then their merged
 * selection sets. Each comparison prints the arguments of both fields, so its cost depends on their length. It also
 * compares every fragment with every other one, even missing or unrelated ones, and searches the fields of each in the
 * other.
 *
 * @param document one without fragment cycles
 * @param limit counting stops soon after this number
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

/** The cost of looking up one field in one fragment, in comparisons. */
const LOOKUP = 0.1;

/** @param isAlone whether only one fragment or field is selected, so that there is nothing to compare */
function addFragments({ meter, fields, spreads }: Collecting, isAlone: boolean): void {
  if (isAlone) return;
  meter.count += (spreads * (spreads - 1)) / 2;
  for (const same of fields.values()) meter.count += same.length * spreads * LOOKUP;
}

/** Fields by their response name. */
type Fields = Map<string, FieldNode[]>;

interface Collecting {
  readonly meter: Meter;
  readonly fields: Fields;
  /** A fragment is expanded once in a set, however often it is spread. */
  readonly visited: Set<string>;
  /** Number of fragment spreads, repeated ones included. */
  spreads: number;
}

/** The cost of visiting a selection, in comparisons. */
const VISIT = 0.05;

function collect({ selections }: SelectionSetNode, collecting: Collecting): void {
  const { meter, fields } = collecting;
  for (const selection of selections) {
    meter.count += VISIT;
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

/** Number of argument characters that cost as much as the rest of a comparison. */
const CHARACTERS = 20;

const weightOf = ({ arguments: given = [] }: FieldNode): number =>
  given.reduce((sum, argument) => sum + 1 + lengthOf(argument) / CHARACTERS, 1);

const lengthOf = ({ loc }: ArgumentNode): number => (loc ? loc.end - loc.start : CHARACTERS);
