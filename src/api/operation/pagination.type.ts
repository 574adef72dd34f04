import { Field, Int, ObjectType } from 'type-graphql';

/** GraphQL `Pagination`. */
@ObjectType({ description: 'Which part of a longer list a page is.' })
export class Pagination {
  @Field(() => Int, { description: 'Number of this page, from 1.' })
  page!: number;

  @Field(() => Int, { description: 'Most items that a page holds, 1 to 100.' })
  limit!: number;

  @Field(() => Int, { description: 'Number of items on all pages together.' })
  total!: number;

  @Field(() => Int, { description: 'Number of pages; 0 when there are no items.' })
  totalPages!: number;

  @Field(() => Boolean, { description: 'True when a page follows this one.' })
  hasNext!: boolean;

  @Field(() => Boolean, { description: 'True when a page comes before this one.' })
  hasPrev!: boolean;
}
