import { readFileSync } from "node:fs";
import { join } from "node:path";
import type {
  GraphQLArgument,
  GraphQLCompositeType,
  GraphQLField,
  GraphQLInputField,
  GraphQLInputType,
  GraphQLObjectType,
} from "graphql";
import {
  buildSchema,
  GraphQLEnumType,
  GraphQLInputObjectType,
  GraphQLList,
  GraphQLNonNull,
  getNamedType,
  isAbstractType,
  isCompositeType,
  isObjectType,
} from "graphql";
import { packageRoot } from "../../../src/kernel/package-root.js";
import type { Source } from "../kit/source.js";
import { oddNumber, oddText, oddValue } from "./odd-values.js";

const schema = buildSchema(readFileSync(join(packageRoot, "schema.graphql"), "utf8"));
const ROOTS = {
  query: schema.getQueryType()!,
  mutation: schema.getMutationType()!,
  subscription: schema.getSubscriptionType()!,
};
export type OperationKind = keyof typeof ROOTS;

export interface RandomOperation {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** A document of the schema, mostly valid: fields, arguments, aliases, fragments, directives and variables by chance. */
export function randomOperation(
  source: Source,
  kind: OperationKind,
  ids: Readonly<Record<string, string>>,
): RandomOperation {
  const writer = new Writer(source, ids);
  const root = ROOTS[kind];
  const count = kind === "subscription" ? 1 : source.size(kind === "mutation" ? 4 : 8);
  const fields = Array.from({ length: count }, () => source.one(Object.values(root.getFields())));
  const body = fields.map((field, n) => writer.rootField(field, kind, count > 1 ? `r${n}` : "")).join(" ");
  const condition = source.chance(0.03) ? writer.directive() : "";
  const declared = writer.declarations.length > 0 ? `(${writer.declarations.join(", ")})` : "";
  return {
    query: `${kind} ${source.chance(0.5) ? "Q" : ""}${declared} ${condition} { ${body} } ${writer.fragments.join(" ")}`,
    variables: writer.variables,
  };
}

const MAX_DEPTH = 5;
/** How often a field has a directive. */
const CONDITIONS = 0.04;
/** How often a value of an argument is not what its type says. */
const ODD = 0.06;

class Writer {
  readonly declarations: string[] = [];
  readonly fragments: string[] = [];
  readonly variables: Record<string, unknown> = {};
  private aliases = 0;
  private readonly source: Source;
  private readonly ids: Readonly<Record<string, string>>;

  constructor(source: Source, ids: Readonly<Record<string, string>>) {
    this.source = source;
    this.ids = ids;
  }

  /** The field of a subscription has no condition, which the server refuses, except now and then. */
  rootField(field: GraphQLField<unknown, unknown>, kind: OperationKind, alias: string): string {
    return this.field(field, alias, { depth: 0, conditions: kind === "subscription" ? 0.005 : CONDITIONS });
  }

  private field(
    field: GraphQLField<unknown, unknown>,
    alias: string,
    { depth, conditions = CONDITIONS }: { readonly depth: number; readonly conditions?: number },
  ): string {
    const type = getNamedType(field.type);
    const selection = isCompositeType(type) ? ` { ${this.selection(type, depth + 1)} }` : "";
    const condition = this.source.chance(conditions) ? ` ${this.directive()}` : "";
    return `${alias && `${alias}: `}${field.name}${this.argumentsOf(field.args)}${condition}${selection}`;
  }

  directive(): string {
    const { source } = this;
    if (source.chance(0.02)) return source.one(["@deprecated", '@specifiedBy(url: "x")', "@nothing"]);
    const name = source.one(["include", "skip"]);
    if (source.chance(0.5)) return `@${name}(if: ${source.chance(0.5)})`;
    const value = source.chance(0.9) ? source.chance(0.5) : oddValue(source);
    return `@${name}(if: ${this.variable("Boolean!", value)})`;
  }

  private selection(type: GraphQLCompositeType, depth: number): string {
    const { source } = this;
    if (source.chance(0.1)) return this.fragment(type, depth);
    if (isAbstractType(type)) {
      const shapes = schema.getPossibleTypes(type).filter(() => source.chance(0.5));
      return `__typename ${shapes.map((shape) => `... on ${shape.name} { ${this.fields(shape, depth, true)} }`).join(" ")}`;
    }
    return isObjectType(type) ? this.fields(type, depth) : "__typename";
  }

  /** @param isOneOfSeveral types in one place, whose fields of the same name may differ: each gets a name of its own */
  private fields(type: GraphQLObjectType, depth: number, isOneOfSeveral = false): string {
    const { source } = this;
    const all = Object.values(type.getFields()).filter(
      (field) => depth < MAX_DEPTH || !isCompositeType(getNamedType(field.type)),
    );
    if (all.length === 0) return "__typename";
    const chosen = Array.from({ length: source.int(1, depth < 2 ? 6 : 3) }, () => source.one(all));
    const written = chosen.map((field, n) => {
      const isRenamed = chosen.indexOf(field) < n || source.chance(isOneOfSeveral ? 0.98 : 0.05);
      return this.field(field, isRenamed ? `a${this.aliases++}` : "", { depth });
    });
    return ["__typename", ...written].slice(source.chance(0.5) ? 0 : 1).join(" ");
  }

  private fragment(type: GraphQLCompositeType, depth: number): string {
    const name = `F${this.fragments.length}`;
    // Its place, so that fragments within it get other names.
    const place = this.fragments.push("") - 1;
    const other = this.source.chance(0.02) ? ` ...F${this.source.int(0, place)}` : "";
    const fields = isObjectType(type) ? this.fields(type, depth) : "__typename";
    this.fragments[place] = `fragment ${name} on ${type.name} { ${fields}${other} }`;
    return `...${name}`;
  }

  private argumentsOf(args: readonly GraphQLArgument[]): string {
    const { source } = this;
    const given = args.filter((arg) =>
      arg.type instanceof GraphQLNonNull && arg.defaultValue === undefined
        ? !source.chance(0.02)
        : source.chance(0.4),
    );
    if (given.length === 0) return "";
    const written = given.map((arg) => {
      const value = this.value(arg.type, arg);
      return `${arg.name}: ${source.chance(0.6) ? this.variable(String(arg.type), value) : literal(value, arg.type)}`;
    });
    return `(${written.join(", ")})`;
  }

  private variable(type: string, value: unknown): string {
    const name = `$v${this.declarations.length}`;
    this.declarations.push(`${name}: ${type}`);
    if (value !== undefined) this.variables[name.slice(1)] = value;
    return name;
  }

  private value(type: GraphQLInputType, of: GraphQLArgument | GraphQLInputField): unknown {
    const { source } = this;
    if (source.chance(ODD)) return oddValue(source);
    if (type instanceof GraphQLNonNull) return this.value(type.ofType, of);
    if (source.chance(0.05)) return null;
    if (type instanceof GraphQLList)
      return Array.from({ length: source.chance(0.02) ? 300 : source.int(0, 3) }, () =>
        this.value(type.ofType, of),
      );
    if (type instanceof GraphQLEnumType) return source.one(type.getValues()).name;
    if (type instanceof GraphQLInputObjectType) return this.object(type);
    return this.scalar(type.name, of.name);
  }

  private object(type: GraphQLInputObjectType): Record<string, unknown> {
    const { source } = this;
    const given = Object.values(type.getFields()).filter((field) =>
      field.type instanceof GraphQLNonNull && field.defaultValue === undefined
        ? !source.chance(0.02)
        : source.chance(0.35),
    );
    return Object.fromEntries(given.map((field) => [field.name, this.value(field.type, field)]));
  }

  private scalar(type: string, name: string): unknown {
    const { source, ids } = this;
    if (type === "ID") return this.id(name);
    if (type === "Int" || type === "SafeInt")
      return source.chance(0.15)
        ? oddNumber(source)
        : source.int(name === "first" || name === "last" ? 0 : -2, 20);
    if (type === "Float") return oddNumber(source);
    if (type === "Boolean") return source.chance(0.5);
    if (type === "DateTime")
      return source.chance(0.3) ? oddText(source) : new Date(1.7e12 + source.int(0, 2e9) * 100).toISOString();
    if (type === "Upload") return null;
    if (name === "after" || name === "before")
      return source.one([
        "0",
        "5",
        oddText(source),
        Buffer.from(JSON.stringify([oddText(source), ids.ticketId])).toString("base64url"),
      ]);
    return source.chance(0.25)
      ? oddText(source)
      : source.one(["The lamp flickers", "a", "agent@fuzz.test", "Größe 💡"]);
  }

  private id(name: string): string {
    const { source, ids } = this;
    const own = ids[name] ?? ids[name.replace(/s$/, "")];
    if (own !== undefined && source.chance(0.7)) return own;
    return source.chance(0.9) ? source.one(Object.values(ids)) : oddText(source);
  }
}

/** A value as it is written within a document. */
function literal(value: unknown, type: GraphQLInputType): string {
  const inner = type instanceof GraphQLNonNull ? type.ofType : type;
  if (Array.isArray(value))
    return `[${value.map((item) => literal(item, inner instanceof GraphQLList ? inner.ofType : inner)).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    const fields = inner instanceof GraphQLInputObjectType ? inner.getFields() : {};
    return `{ ${Object.entries(value)
      .map(
        ([name, item]) =>
          `${/^\w+$/.test(name) ? name : "odd"}: ${literal(item, fields[name]?.type ?? inner)}`,
      )
      .join(", ")} }`;
  }
  if (inner instanceof GraphQLEnumType && typeof value === "string")
    return /^[A-Z_]+$/.test(value) ? value : "ODD";
  return JSON.stringify(value) ?? "null";
}
