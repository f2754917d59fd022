import type { ClassType } from "type-graphql";
import { ArgsType, Field, Int, ObjectType } from "type-graphql";
import type { PageArguments } from "../../kernel/pagination.js";

/** The paging arguments of a list. */
@ArgsType()
export class PageArgs implements PageArguments {
  @Field(() => Int, {
    nullable: true,
    description:
      "Number of items from the start of the list, or after the cursor `after`: 0 to 100, by default 20.",
  })
  first?: number | null;

  @Field(() => String, { nullable: true, description: "The page starts after this cursor." })
  after?: string | null;

  @Field(() => Int, {
    nullable: true,
    description: "Number of items up to the end of the list, or up to the cursor `before`: 0 to 100.",
  })
  last?: number | null;

  @Field(() => String, { nullable: true, description: "The page ends before this cursor." })
  before?: string | null;
}

/** The position of a page in its list. */
@ObjectType({
  description: "Position of a page in its list (GraphQL Cursor Connections Specification).",
  simpleResolvers: true,
})
export class PageInfo {
  @Field(() => Boolean, { description: "Whether there are items after this page." })
  hasNextPage!: boolean;

  @Field(() => Boolean, { description: "Whether there are items before this page." })
  hasPreviousPage!: boolean;

  @Field(() => String, { nullable: true, description: "Cursor of the first item of the page." })
  startCursor!: string | null;

  @Field(() => String, {
    nullable: true,
    description: "Cursor of the last item of the page: pass it as `after` to get the next page.",
  })
  endCursor!: string | null;
}

/** The GraphQL type of a list of `Node`; extend it in the module that owns the node's type. */
export function connectionType<Node extends object>(name: string, node: () => ClassType<Node>) {
  @ObjectType(`${name}Edge`, {
    description: `An item of ${name}Connection and its cursor.`,
    simpleResolvers: true,
  })
  class Edge {
    @Field(() => String, { description: "Cursor of this item." })
    cursor!: string;

    @Field(node, { description: "The item." })
    node!: Node;
  }

  @ObjectType(`${name}Connection`, {
    description: `A page of a list of type ${name}.`,
    simpleResolvers: true,
  })
  class ConnectionOfNode {
    @Field(() => [Edge], { description: "The page's items with their cursors." })
    edges!: Edge[];

    @Field(() => [node()], { description: "The page's items." })
    nodes!: Node[];

    @Field(() => PageInfo, { description: "Position of this page in the list." })
    pageInfo!: PageInfo;

    // Not simple, because it is a promise: compiled queries await only the results of resolvers.
    @Field(() => Int, {
      simple: false,
      description: "Number of items in the whole list; counted only if selected.",
    })
    totalCount!: number;
  }
  return ConnectionOfNode;
}
