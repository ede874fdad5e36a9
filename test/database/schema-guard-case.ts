import type { Row } from "../support/rows.js";

/** One row that one constraint must refuse: the table's example row with `row` over it, after the rows `before`. */
export interface GuardCase {
  constraint: string;
  because: string;
  /** SQLSTATE: check_violation, unique_violation, foreign_key_violation. */
  code: "23514" | "23505" | "23503";
  table: string;
  row: Row;
  before?: { table: string; row: Row }[];
}

export type Rest = [because: string, row: Row];

export function refusedBy(table: string, code: GuardCase["code"], cases: Record<string, Rest[]>): GuardCase[] {
  return Object.entries(cases).flatMap(([constraint, rows]) =>
    rows.map(([because, row]) => ({ constraint, because, code, table, row })),
  );
}

/** A second row beside `first`, which makes the same thing twice. */
export function twice(table: string, cases: Record<string, [because: string, first: Row, second: Row]>): GuardCase[] {
  return Object.entries(cases).map(([constraint, [because, first, second]]) => ({
    ...{ constraint, because, code: "23505", table },
    ...{ before: [{ table, row: first }], row: second },
  }));
}

export const negative = (column: string): Rest[] => [["a count below zero", { [column]: -1 }]];
