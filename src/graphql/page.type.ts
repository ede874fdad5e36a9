import { Field, Int, ObjectType, type ClassType } from "type-graphql";
import { encodeCursor, type CursorKey } from "./cursor.js";
import type { PageRequest } from "./paging.js";
import type { RowOf } from "./rows.js";

@ObjectType({ description: "Forward paging only." })
export class PageInfo {
  @Field(() => Boolean)
  hasNextPage!: boolean;

  @Field(() => Boolean, { description: "Whether after or offset was given." })
  hasPreviousPage!: boolean;

  @Field(() => String, { nullable: true })
  startCursor!: string | null;

  @Field(() => String, { nullable: true })
  endCursor!: string | null;
}

/** The GraphQL type of a page of `node`s, named `<node>Connection`; its rows come from a Page. */
export function connectionType(name: string, node: ClassType): ClassType {
  @ObjectType(`${name}Edge`)
  class Edge {
    @Field(() => String)
    cursor!: string;

    @Field(() => node)
    node!: object;
  }

  @ObjectType(`${name}Connection`)
  class Connection {
    @Field(() => [Edge])
    edges!: Edge[];

    @Field(() => [node])
    nodes!: object[];

    @Field(() => PageInfo)
    pageInfo!: PageInfo;

    @Field(() => Int, {
      description:
        "The whole list's length, exact up to 10,000; 10,001 stands for more where it is not counted further.",
    })
    totalCount!: Promise<number>;
  }
  return Connection;
}

export interface PageSource<Row, Key> {
  /** Up to one row more than asked for, which says whether another page follows. */
  rows: readonly Row[];
  request: PageRequest<Key>;
  key: CursorKey<Key>;
  keyOf: (row: Row) => Key;
  /** Called only when the client selects totalCount. */
  count: () => Promise<number>;
}

/** A page as its GraphQL type reads it. */
export class Page<Row, Key> {
  readonly nodes: readonly Row[];
  readonly #source: PageSource<Row, Key>;
  #totalCount: Promise<number> | undefined;

  constructor(source: PageSource<Row, Key>) {
    this.#source = source;
    this.nodes = source.rows.slice(0, source.request.first);
  }

  get edges(): { cursor: string; node: Row }[] {
    return this.nodes.map((node) => ({ cursor: this.#cursorOf(node), node }));
  }

  get pageInfo(): RowOf<PageInfo> {
    const { rows, request } = this.#source;
    const first = this.nodes.at(0);
    const last = this.nodes.at(-1);
    return {
      hasNextPage: rows.length > request.first,
      hasPreviousPage: request.isLater,
      startCursor: first === undefined ? null : this.#cursorOf(first),
      endCursor: last === undefined ? null : this.#cursorOf(last),
    };
  }

  get totalCount(): Promise<number> {
    return (this.#totalCount ??= this.#source.count());
  }

  #cursorOf(row: Row): string {
    return encodeCursor(this.#source.keyOf(row), this.#source.key);
  }
}
