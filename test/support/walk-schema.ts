import type { GraphQLField, GraphQLObjectType, GraphQLOutputType } from "graphql";
import { getNamedType, isCompositeType, isLeafType, isObjectType } from "graphql";
import { publishedSchema as schema } from "./schema-operations.js";
import type { GraphQLAnswer } from "./test-client.js";

/** Sends a query as the walker. */
export type Ask = (query: string) => Promise<GraphQLAnswer<Record<string, unknown>>>;

/** What somebody has found by going on from something that they may see, as far as it goes. */
export class Walk {
  /** The fields that were asked for on something that was shown. */
  readonly asked = new Set<string>();
  /** Those of them that had something to say: not null, not an empty list. */
  readonly told = new Set<string>();
  /** Those that were refused, with the codes. */
  readonly refused = new Map<string, Set<string>>();
  /** Every text that was told, with the way to it. */
  readonly texts: { readonly at: string; readonly text: string }[] = [];
  /** Lists that count what they do not show. */
  readonly miscounted: string[] = [];
  /** The objects that were met. */
  readonly met = new Set<string>();
}

/** The arguments that a field cannot do without. */
const NEEDED: Readonly<Record<string, string>> = { "MediaFile.variant": '(name: "thumbnail")' };

/** Lists in lists are taken to be as long as they may be: no list of the world has more. */
const SHORT = "(first: 8)";

/** What the server reads of an operation at most; see `MAX_TOKENS`. */
const TOKENS = 4_800;

/** Coordinates such as `Ticket.replies`, from a root field on. */
type Way = readonly string[];

interface Tree {
  isOpen: boolean;
  readonly branches: Map<string, Tree>;
}

/**
 * Goes on from a root field to whatever can be reached from there: each object that was not met before is asked for all
 * its fields, until there is nothing new.
 *
 * @param root a field of a query with its arguments, such as `viewer` or `ticket(id: "…")`
 */
export async function walkFrom(ask: Ask, root: string, walk = new Walk()): Promise<Walk> {
  const name = root.replace(/\(.*/s, "");
  const refusedWays = new Set<string>();
  const typeOfRoot = fieldOf(`Query.${name}`).type;

  const inHalves = async (ways: readonly Way[]): Promise<Way[]> => {
    const half = Math.ceil(ways.length / 2);
    return [...(await askFor(ways.slice(0, half))), ...(await askFor(ways.slice(half)))];
  };
  /** One thing that has more fields than fit into an operation: half of them, then the others. */
  const halfOfFields = async (way: Way, omitted: ReadonlySet<string>): Promise<Way[]> => {
    const last = way.at(-1);
    const fields = objectsOf(last === undefined ? typeOfRoot : fieldOf(last).type)
      .flatMap((object) => Object.keys(object.getFields()).map((field) => `${object.name}.${field}`))
      .map((step) => ["", ...way, step].join("/"))
      .filter((field) => !omitted.has(field));
    if (fields.length < 2) throw new Error(`${fields} is more than an operation may ask for`);
    const half = Math.ceil(fields.length / 2);
    const first = await askFor([way], new Set([...omitted, ...fields.slice(half)]));
    return [...first, ...(await askFor([way], new Set([...omitted, ...fields.slice(0, half)])))];
  };
  const askFor = async (ways: readonly Way[], omitted: ReadonlySet<string> = new Set()): Promise<Way[]> => {
    const leftOut = new Set([...refusedWays, ...omitted]);
    const query = `{ told: ${root} ${selectionOf(typeOfRoot, treeOf(ways), "", leftOut)} }`;
    const inParts = () => (ways.length > 1 ? inHalves(ways) : halfOfFields(ways[0]!, omitted));
    if (tokensIn(query) > TOKENS) return inParts();
    const { data, errors = [] } = await ask(query);
    if (errors[0]?.extensions.code === "QUERY_TOO_COMPLEX") return inParts();
    for (const { path, message, extensions } of errors) {
      if (!path) throw new Error(`${message}: ${query.slice(0, 300)}`);
      const way = path
        .filter((step) => typeof step === "string")
        .slice(1)
        .map(coordinateIn);
      const refused = way.at(-1) ?? `Query.${name}`;
      walk.refused.set(refused, (walk.refused.get(refused) ?? new Set()).add(extensions.code));
      if (way.length === 0) return [];
      refusedWays.add(`/${way.join("/")}`);
    }
    // A field that is refused takes its parents with it.
    if (errors.length > 0) return askFor(ways, omitted);
    const next = new Map<string, Way>();
    read(walk, data?.told, [], (way, object) => {
      // What stands on an edge stands among the nodes as well.
      if (walk.met.has(object) || way.at(-1)?.endsWith("Edge.node")) return;
      next.set(way.join("/"), way);
      walk.met.add(object);
    });
    return [...next.values()];
  };

  for (let ways: Way[] = [[]]; ways.length > 0; ) ways = await askFor(ways);
  return walk;
}

/** Reads what one event has told; its root field is `told`. */
export const readEvent = (walk: Walk, event: unknown): Walk => {
  read(walk, event, [], () => {});
  return walk;
};

/**
 * What a subscription tells, with the things that its events name and what is next to those; without what the walker was
 * refused before, which would be refused here as well and take the event with it.
 *
 * @param kinds the events that are read whole; of all others only that they came
 */
export function eventSelection(field: string, { refused }: Walk, kinds: readonly string[]): string {
  const edge = fieldOf(`Subscription.${field}`).type;
  const others = eventsOf(field).filter(({ name }) => !kinds.includes(name));
  const omitted = others.flatMap((kind) => Object.keys(kind.getFields()).map((one) => `${kind.name}.${one}`));
  return nearby(edge, 1, "", new Set([...refused.keys(), ...omitted]));
}

/** The kinds of events of a subscription, in parts that an operation may ask for together. */
export function eventKinds(field: string, walk: Walk): string[][] {
  const parts = (kinds: string[]): string[][] => {
    if (kinds.length < 2 || tokensIn(eventSelection(field, walk, kinds)) < TOKENS) return [kinds];
    const half = Math.ceil(kinds.length / 2);
    return [...parts(kinds.slice(0, half)), ...parts(kinds.slice(half))];
  };
  return parts(eventsOf(field).map(({ name }) => name));
}

const eventsOf = (field: string): readonly GraphQLObjectType[] => {
  const edge = getNamedType(fieldOf(`Subscription.${field}`).type);
  return objectsOf(fieldOf(`${edge.name}.event`).type);
};

const fieldOf = (coordinate: string): GraphQLField<unknown, unknown> => {
  const [type = "", field = ""] = coordinate.split(".");
  return (schema.getType(type) as GraphQLObjectType).getFields()[field]!;
};

const aliasOf = (coordinate: string) => coordinate.replace(".", "__");
const coordinateIn = (alias: string) => alias.replace("__", ".");

const tokensIn = (query: string) => query.match(/\w+|[^\s\w]/g)?.length ?? 0;

function treeOf(ways: readonly Way[]): Tree {
  const root: Tree = { isOpen: false, branches: new Map() };
  for (const way of ways) {
    let tree = root;
    for (const step of way) {
      const branch = tree.branches.get(step) ?? { isOpen: false, branches: new Map() };
      tree.branches.set(step, branch);
      tree = branch;
    }
    tree.isOpen = true;
  }
  return root;
}

const objectsOf = (type: GraphQLOutputType): readonly GraphQLObjectType[] => {
  const named = getNamedType(type);
  if (isObjectType(named)) return [named];
  return isCompositeType(named) ? schema.getPossibleTypes(named) : [];
};

/** Open trees show all that their objects have, the others only what leads on. */
function selectionOf(type: GraphQLOutputType, tree: Tree, way: string, refused: ReadonlySet<string>): string {
  const shown = tree.isOpen ? nearby(type, 1, way, refused) : "";
  const onward = objectsOf(type).map((object) => {
    const steps = [...tree.branches].filter(([step]) => step.startsWith(`${object.name}.`));
    const fields = steps.map(([step, branch]) => {
      const inside = selectionOf(fieldOf(step).type, branch, `${way}/${step}`, refused);
      return inside && `${aliasOf(step)}: ${calling(step)} ${inside}`;
    });
    return fields.join("") && `... on ${object.name} { ${fields.join(" ")} }`;
  });
  const all = [shown.slice(1, -1), ...onward].filter(Boolean).join(" ");
  return all && `{ ${all} }`;
}

/**
 * All fields of a type, and of those types in it that have no id and so are nothing by themselves, such as pages of
 * lists; of things with an id what they say of themselves, and behind `steps` of them what they have.
 *
 * @param refused ways, or fields wherever they stand, that are left out
 */
function nearby(type: GraphQLOutputType, steps: number, way: string, refused: ReadonlySet<string>): string {
  const parts = objectsOf(type).map((object) => {
    const fields = Object.values(object.getFields());
    const left = "id" in object.getFields() ? steps - 1 : steps;
    const shown = fields.map((field) => {
      const step = `${object.name}.${field.name}`;
      if (refused.has(`${way}/${step}`) || refused.has(step)) return "";
      const isLeaf = isLeafType(getNamedType(field.type));
      if (!isLeaf && left < 0) return "";
      if (step.endsWith("Edge.node")) return `${aliasOf(step)}: node ${idsOf(field.type)}`;
      const inside = isLeaf ? "" : nearby(field.type, left, `${way}/${step}`, refused);
      return `${aliasOf(step)}: ${calling(step)} ${inside}`;
    });
    const all = shown.filter(Boolean).join(" ");
    return all && `... on ${object.name} { ${all} }`;
  });
  return parts.length > 0 ? `{ __typename ${parts.filter(Boolean).join(" ")} }` : "";
}

const idsOf = (type: GraphQLOutputType) =>
  `{ __typename ${objectsOf(type).map(({ name }) => `... on ${name} { ${name}__id: id }`)} }`;

function calling(coordinate: string): string {
  const needs = fieldOf(coordinate).args.some(
    ({ type, defaultValue }) => `${type}`.endsWith("!") && defaultValue === undefined,
  );
  if (needs && NEEDED[coordinate] === undefined)
    throw new Error(
      `${coordinate} needs arguments: say in NEEDED of test/support/walk-schema.ts with which it is walked.`,
    );
  const isList = getNamedType(fieldOf(coordinate).type).name.endsWith("Connection");
  return `${coordinate.split(".")[1]}${NEEDED[coordinate] ?? (isList ? SHORT : "")}`;
}

type Meet = (way: Way, object: string) => void;

function read(walk: Walk, value: unknown, way: Way, meet: Meet): void {
  if (Array.isArray(value)) {
    for (const each of value) read(walk, each, way, meet);
  } else if (typeof value === "string") walk.texts.push({ at: way.join(" / "), text: value });
  else if (typeof value === "object" && value !== null) readObject(walk, value, way, meet);
}

function readObject(walk: Walk, object: object, way: Way, meet: Meet): void {
  for (const [alias, value] of Object.entries(object)) {
    if (alias === "__typename") continue;
    const coordinate = coordinateIn(alias);
    walk.asked.add(coordinate);
    if (saysSomething(value)) walk.told.add(coordinate);
    if (coordinate.endsWith(".id")) meet(way, `${coordinate} ${value}`);
    if (coordinate.endsWith("Connection.totalCount") && isMiscounted(object, Number(value)))
      walk.miscounted.push([...way, coordinate].join(" / "));
    read(walk, value, [...way, coordinate], meet);
  }
}

const entry = (object: object, ending: string) =>
  Object.entries(object).find(([alias]) => alias.endsWith(`__${ending}`))?.[1];

function isMiscounted(object: object, count: number): boolean {
  const page = entry(object, "pageInfo") as object;
  return !entry(page, "hasNextPage") && (entry(object, "nodes") as unknown[]).length !== count;
}

function saysSomething(value: unknown): boolean {
  if (value === null || value === undefined || value === "" || value === 0) return false;
  if (Array.isArray(value)) return value.length > 0;
  const nodes = typeof value === "object" ? entry(value, "nodes") : undefined;
  return !Array.isArray(nodes) || nodes.length > 0;
}
