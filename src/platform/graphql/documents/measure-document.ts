import type {
  DocumentNode,
  FieldNode,
  FragmentDefinitionNode,
  FragmentSpreadNode,
  OperationDefinitionNode,
  SelectionNode,
  SelectionSetNode,
} from "graphql";
import { Kind } from "graphql";

/** What a document is when every fragment is written out where it is spread, whatever its directives say. */
export interface Measure {
  /** Fields of all its operations. */
  readonly fields: number;
  /** Fields in one another of an operation; what is in `__schema` and `__type` has bounds of GraphQL's own. */
  readonly depth: number;
  /** Selection sets in one another. */
  readonly levels: number;
  /** Different aliases that the fields of one name have, of the name that has most. */
  readonly aliases: number;
  /** The spread of a fragment inside of itself (GraphQL specification, 5.5.2.2); null when there is none. */
  readonly circle: FragmentSpreadNode | null;
}

type Extent = Omit<Measure, "aliases" | "circle">;

const NOTHING: Extent = { fields: 0, depth: 0, levels: 0 };

/**
 * Measures a document in a time that is linear in its length: each fragment is measured once. What is inside
 * of itself counts nothing there, and is told.
 *
 * @param maxLevels where `levels` need not be right any more: who nests deeper is not followed
 */
export function measureDocument({ definitions }: DocumentNode, maxLevels: number): Measure {
  const meter = new Meter(definitions.filter(isFragment), maxLevels);
  const operations = definitions.filter(isOperation).map((each) => meter.ofSet(each.selectionSet, 1));
  // Also those that no operation spreads: they are validated before that is found.
  const fragments = definitions.filter(isFragment).map(({ name }) => meter.ofFragment(name.value, 1));
  const all = [...operations, ...fragments];
  return {
    fields: Math.max(
      operations.reduce((sum, { fields }) => sum + fields, 0),
      ...fragments.map(({ fields }) => fields),
    ),
    depth: Math.max(0, ...operations.map(({ depth }) => depth)),
    levels: Math.max(0, ...all.map(({ levels }) => levels)),
    aliases: meter.mostAliases,
    circle: meter.circle,
  };
}

const isFragment = (each: DocumentNode["definitions"][number]): each is FragmentDefinitionNode =>
  each.kind === Kind.FRAGMENT_DEFINITION;
const isOperation = (each: DocumentNode["definitions"][number]): each is OperationDefinitionNode =>
  each.kind === Kind.OPERATION_DEFINITION;

class Meter {
  readonly #fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  readonly #measured = new Map<string, Extent>();
  readonly #aliases = new Map<string, Set<string>>();
  readonly #maxLevels: number;
  /** Fragments that are being measured. */
  readonly #open = new Set<string>();
  circle: FragmentSpreadNode | null = null;

  constructor(fragments: readonly FragmentDefinitionNode[], maxLevels: number) {
    this.#fragments = new Map(fragments.map((each) => [each.name.value, each]));
    this.#maxLevels = maxLevels;
  }

  get mostAliases(): number {
    return Math.max(0, ...[...this.#aliases.values()].map(({ size }) => size));
  }

  /** @param level how deep the set is written out where it is met */
  ofSet({ selections }: SelectionSetNode, level: number): Extent {
    let fields = 0;
    let depth = 0;
    let levels = 0;
    // So deep, it is refused whatever is in it; and this calls itself no deeper.
    if (level > this.#maxLevels) return { fields, depth, levels: 1 };
    for (const selection of selections) {
      const inner = this.#ofSelection(selection, level);
      fields += inner.fields;
      depth = Math.max(depth, inner.depth);
      levels = Math.max(levels, inner.levels);
    }
    return { fields, depth, levels: levels + 1 };
  }

  #ofSelection(selection: SelectionNode, level: number): Extent {
    if (selection.kind === Kind.FRAGMENT_SPREAD) return this.#ofSpread(selection, level + 1);
    if (selection.kind === Kind.INLINE_FRAGMENT) return this.ofSet(selection.selectionSet, level + 1);
    this.#noteAlias(selection);
    const { selectionSet, name } = selection;
    const inner = selectionSet ? this.ofSet(selectionSet, level + 1) : NOTHING;
    const isIntrospection = name.value === "__schema" || name.value === "__type";
    return { ...inner, fields: inner.fields + 1, depth: isIntrospection ? 1 : inner.depth + 1 };
  }

  #ofSpread(spread: FragmentSpreadNode, level: number): Extent {
    if (!this.#open.has(spread.name.value)) return this.ofFragment(spread.name.value, level);
    this.circle ??= spread;
    return NOTHING;
  }

  ofFragment(name: string, level: number): Extent {
    const measured = this.#measured.get(name);
    if (measured) return measured;
    this.#open.add(name);
    const fragment = this.#fragments.get(name);
    const extent = fragment ? this.ofSet(fragment.selectionSet, level) : NOTHING;
    this.#open.delete(name);
    this.#measured.set(name, extent);
    return extent;
  }

  /** By name alone, wherever they are: fields of different objects may be merged into one. */
  #noteAlias({ name, alias }: FieldNode): void {
    if (!alias) return;
    const aliases = this.#aliases.get(name.value) ?? new Set();
    this.#aliases.set(name.value, aliases.add(alias.value));
  }
}
