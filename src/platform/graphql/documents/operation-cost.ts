import type {
  DirectiveNode,
  DocumentNode,
  FieldNode,
  FragmentDefinitionNode,
  GraphQLCompositeType,
  GraphQLField,
  GraphQLSchema,
  OperationDefinitionNode,
  SelectionSetNode,
  ValueNode,
} from "graphql";
import {
  getNamedType,
  getNullableType,
  isAbstractType,
  isCompositeType,
  isLeafType,
  isListType,
  isObjectType,
  isUnionType,
  Kind,
} from "graphql";
import { DEFAULT_PAGE_SIZE } from "../../../kernel/pagination.js";
import type { Variables } from "./coerce-variables.js";
import { PRICES } from "./prices.js";

/** The operation of a request. */
export interface PricedOperation {
  readonly schema: GraphQLSchema;
  /** Parsed by `readDocument` and valid. */
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  /** Coerced. */
  readonly variables: Variables;
}

/**
 * The maximum cost of an operation's response. Fields that `@skip` and `@include` exclude cost nothing; of the possible
 * types of an object, the most expensive counts.
 */
export function costOfOperation({ schema, document, operation, variables }: PricedOperation): number {
  const root = schema.getRootType(operation.operation);
  if (!root) return 0;
  const fragments = new Map(
    document.definitions.flatMap((each) =>
      each.kind === Kind.FRAGMENT_DEFINITION ? [[each.name.value, each] as const] : [],
    ),
  );
  const pricing = new Pricing(schema, fragments, variables);
  return pricing.ofSet(operation.selectionSet, root, { rootPrice: PRICES[operation.operation] });
}

/** The context of a selection set. */
interface FieldPosition {
  /** The price of each root field, for the operation itself. */
  readonly rootPrice?: number;
  /** The number of requested items, inside a connection. */
  readonly pageSize?: number;
  /** The price of `totalCount`, inside a connection. */
  readonly countPrice?: number;
}

const INSIDE: FieldPosition = {};

class Pricing {
  readonly #schema: GraphQLSchema;
  readonly #fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  readonly #variables: Variables;

  constructor(
    schema: GraphQLSchema,
    fragments: ReadonlyMap<string, FragmentDefinitionNode>,
    variables: Variables,
  ) {
    this.#schema = schema;
    this.#fragments = fragments;
    this.#variables = variables;
  }

  ofSet(set: SelectionSetNode, type: GraphQLCompositeType, position: FieldPosition): number {
    const totals = new Map(this.#namesOf(type).map((name) => [name, 0]));
    this.#add(set, type, position, totals);
    return Math.max(0, ...totals.values());
  }

  #namesOf = (type: GraphQLCompositeType): readonly string[] =>
    isAbstractType(type) ? this.#schema.getPossibleTypes(type).map(({ name }) => name) : [type.name];

  #add(
    set: SelectionSetNode,
    type: GraphQLCompositeType,
    position: FieldPosition,
    totals: Map<string, number>,
  ): void {
    const names = this.#namesOf(type);
    for (const selection of set.selections) {
      if (!this.#isIncluded(selection.directives)) continue;
      if (selection.kind === Kind.FIELD) {
        const cost = this.#ofField(selection, type, position);
        for (const name of names) {
          const total = totals.get(name);
          if (total !== undefined) totals.set(name, total + cost);
        }
        continue;
      }
      const fragment =
        selection.kind === Kind.INLINE_FRAGMENT ? selection : this.#fragments.get(selection.name.value);
      if (!fragment) continue;
      const named = fragment.typeCondition && this.#schema.getType(fragment.typeCondition.name.value);
      const inner = named ?? type;
      if (isCompositeType(inner)) this.#add(fragment.selectionSet, inner, position, totals);
    }
  }

  #isIncluded(directives: readonly DirectiveNode[] = []): boolean {
    return directives.every(({ name, arguments: args }) => {
      const condition = args?.[0] && this.#valueOf(args[0].value);
      return name.value === "skip" ? condition !== true : name.value !== "include" || condition !== false;
    });
  }

  #ofField(node: FieldNode, parent: GraphQLCompositeType, position: FieldPosition): number {
    const name = node.name.value;
    if (name === "__schema" || name === "__type")
      return PRICES.introspection * countFields(node, this.#fragments);
    const field = isUnionType(parent) ? undefined : parent.getFields()[name];
    if (!field) return this.#ofLeaf(node, 0, position);
    const root = position.rootPrice ?? 0;
    const type = getNamedType(field.type);
    if (isLeafType(type)) return root + this.#ofLeaf(node, ownPrice(field), position);
    const own = root + ownPrice(field) + this.#searchPrice(node);
    if (!node.selectionSet || !isCompositeType(type)) return own;
    if (isObjectType(type) && type.name.endsWith("Connection")) {
      const countPrice = position.rootPrice === undefined ? PRICES.nestedCount : PRICES.count;
      return (
        own + 1 + this.ofSet(node.selectionSet, type, { pageSize: this.#pageSize(node, field), countPrice })
      );
    }
    return own + (1 + this.ofSet(node.selectionSet, type, INSIDE)) * itemsOf(field, position);
  }

  #ofLeaf({ name, alias }: FieldNode, ownPrice: number, { countPrice }: FieldPosition): number {
    const price = ownPrice + PRICES.leaf + (name.value === "totalCount" ? (countPrice ?? 0) : 0);
    return alias && alias.value !== name.value ? price * PRICES.aliasFactor : price;
  }

  #pageSize({ arguments: args = [] }: FieldNode, field: GraphQLField<unknown, unknown>): number {
    const given = (name: string) => {
      const argument = args.find((each) => each.name.value === name);
      const value = argument && this.#valueOf(argument.value);
      return value === undefined ? field.args.find((each) => each.name === name)?.defaultValue : value;
    };
    const size: unknown = given("first") ?? given("last");
    return typeof size === "number" && size >= 0 ? size : DEFAULT_PAGE_SIZE;
  }

  #searchPrice({ arguments: args = [] }: FieldNode): number {
    let price = 0;
    for (const { name, value } of args) {
      const given = this.#valueOf(value);
      const text = name.value === "search" ? given : partOf(given, "search");
      if (text !== undefined && text !== null) price += PRICES.search;
    }
    return price;
  }

  /** The value of an argument, as far as prices depend on it: a number, a condition, or whether it is present. */
  #valueOf(node: ValueNode): unknown {
    switch (node.kind) {
      case Kind.VARIABLE:
        return this.#variables[node.name.value];
      case Kind.INT:
        return Number(node.value);
      case Kind.NULL:
        return null;
      case Kind.OBJECT:
        return Object.fromEntries(node.fields.map(({ name, value }) => [name.value, this.#valueOf(value)]));
      case Kind.LIST:
        return [];
      default:
        return node.value;
    }
  }
}

const partOf = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;

const ownPrice = ({ extensions: { cost } }: GraphQLField<unknown, unknown>): number =>
  typeof cost === "number" ? cost : 0;

function itemsOf(field: GraphQLField<unknown, unknown>, { pageSize }: FieldPosition): number {
  if (pageSize !== undefined && (field.name === "nodes" || field.name === "edges")) return pageSize;
  if (!isListType(getNullableType(field.type))) return 1;
  const { listSize } = field.extensions;
  return typeof listSize === "number" ? listSize : PRICES.listSize;
}

/** Counts a field and its nested fields; `readDocument` has limited their number. */
function countFields(
  { selectionSet }: Pick<FieldNode, "selectionSet">,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
): number {
  let count = 1;
  for (const selection of selectionSet?.selections ?? []) {
    if (selection.kind === Kind.FIELD) count += countFields(selection, fragments);
    const fragment =
      selection.kind === Kind.FRAGMENT_SPREAD ? fragments.get(selection.name.value) : selection;
    if (fragment && fragment.kind !== Kind.FIELD) count += countFields(fragment, fragments) - 1;
  }
  return count;
}
