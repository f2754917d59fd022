import type { ClassType } from "type-graphql";
import { ArgsType, Field, Int, ObjectType } from "type-graphql";
import type { PageArguments } from "../../kernel/pagination.js";

/** The paging arguments of a list. */
@ArgsType()
export class PageArgs implements PageArguments {
  @Field(() => Int, {
    nullable: true,
    description: "How many items from the start, or behind `after`: 0 to 100, by default 20.",
  })
  first?: number | null;

  @Field(() => String, { nullable: true, description: "The cursor behind which the page starts." })
  after?: string | null;

  @Field(() => Int, {
    nullable: true,
    description: "How many items up to the end, or before `before`: 0 to 100.",
  })
  last?: number | null;

  @Field(() => String, { nullable: true, description: "The cursor before which the page ends." })
  before?: string | null;
}

/** Where a page stands in its list. */
@ObjectType({
  description: "Where a page stands in its list (GraphQL Cursor Connections Specification).",
  simpleResolvers: true,
})
export class PageInfo {
  @Field(() => Boolean, { description: "Whether items follow behind this page." })
  hasNextPage!: boolean;

  @Field(() => Boolean, { description: "Whether items stand before this page." })
  hasPreviousPage!: boolean;

  @Field(() => String, { nullable: true, description: "The cursor of the page's first item." })
  startCursor!: string | null;

  @Field(() => String, {
    nullable: true,
    description: "The cursor of the page's last item: give it as `after` to read on.",
  })
  endCursor!: string | null;
}

/** The GraphQL type of a list of `Node`; extend it in the module that owns the node's type. */
export function connectionType<Node extends object>(name: string, node: () => ClassType<Node>) {
  @ObjectType(`${name}Edge`, {
    description: `An item of a ${name}Connection and its cursor.`,
    simpleResolvers: true,
  })
  class Edge {
    @Field(() => String, { description: "Where this item stands in the list." })
    cursor!: string;

    @Field(node, { description: "The item." })
    node!: Node;
  }

  @ObjectType(`${name}Connection`, {
    description: `A page of a list of ${name} items.`,
    simpleResolvers: true,
  })
  class ConnectionOfNode {
    @Field(() => [Edge], { description: "The page's items with their cursors." })
    edges!: Edge[];

    @Field(() => [node()], { description: "The page's items." })
    nodes!: Node[];

    @Field(() => PageInfo, { description: "Where this page stands in the list." })
    pageInfo!: PageInfo;

    // Not simple: it is a promise, and those are waited for where a resolver gave them alone.
    @Field(() => Int, { simple: false, description: "Items in the whole list; counted only when asked for." })
    totalCount!: number;
  }
  return ConnectionOfNode;
}
