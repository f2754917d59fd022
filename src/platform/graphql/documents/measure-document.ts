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

/** The size of a document with all fragments expanded, regardless of directives. */
export interface Measure {
  /** Fields of all its operations. */
  readonly fields: number;
  /**
   * Nesting depth of an operation's fields. Fields inside `__schema` and `__type` do not count; GraphQL limits them
   * itself.
   */
  readonly depth: number;
  /** Nesting depth of selection sets. */
  readonly levels: number;
  /** The highest number of different aliases of one field name. */
  readonly aliases: number;
  /** A spread that makes a fragment contain itself (GraphQL specification, 5.5.2.2); null if there is none. */
  readonly cycle: FragmentSpreadNode | null;
}

type Extent = Omit<Measure, "aliases" | "cycle">;

const NOTHING: Extent = { fields: 0, depth: 0, levels: 0 };

/**
 * Measures a document in linear time: each fragment is measured once. A recursive spread counts as empty and is
 * reported.
 *
 * @param maxLevels deeper levels are not visited; `levels` is then greater than this, but not exact
 */
export function measureDocument({ definitions }: DocumentNode, maxLevels: number): Measure {
  const meter = new Meter(definitions.filter(isFragment), maxLevels);
  const operations = definitions.filter(isOperation).map((each) => meter.ofSet(each.selectionSet, 1));
  // Unused fragments as well: validation visits them before it reports that they are unused.
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
    cycle: meter.cycle,
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
  cycle: FragmentSpreadNode | null = null;

  constructor(fragments: readonly FragmentDefinitionNode[], maxLevels: number) {
    this.#fragments = new Map(fragments.map((each) => [each.name.value, each]));
    this.#maxLevels = maxLevels;
  }

  get mostAliases(): number {
    return Math.max(0, ...[...this.#aliases.values()].map(({ size }) => size));
  }

  /** @param level the expanded depth of the set */
  ofSet({ selections }: SelectionSetNode, level: number): Extent {
    let fields = 0;
    let depth = 0;
    let levels = 0;
    // A document this deep is refused in any case; this bounds the recursion.
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
    this.cycle ??= spread;
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

  /** Counted by name for the whole document, because fields of different objects may be merged. */
  #noteAlias({ name, alias }: FieldNode): void {
    if (!alias) return;
    const aliases = this.#aliases.get(name.value) ?? new Set();
    this.#aliases.set(name.value, aliases.add(alias.value));
  }
}
