import { IsolationLevel } from "@mikro-orm/core";
import { sql } from "kysely";
import type { EntityManager } from "../database/orm.js";
import { familyText } from "./exposition.js";
import { sharedFamilies } from "./shared-families.js";

const keptMs = 10_000;
const longestStatementMs = 3_000;

/**
 * What the database says of all processes' work, in Prometheus' text format: asked at most every 10 seconds however often it is
 * scraped, and given up after 3 seconds a statement. While the database does not answer nothing is told but that.
 */
export class SharedState {
  private asked: { at: number; answer: Promise<string> } | null = null;

  constructor(
    private readonly systemEm: EntityManager,
    private readonly staleAfterSeconds: number,
  ) {}

  text(): Promise<string> {
    if (this.asked && performance.now() - this.asked.at < keptMs) return this.asked.answer;
    const answer = this.ask().then(
      (families) => [...families, upText(1)].join("\n"),
      () => upText(0),
    );
    this.asked = { at: performance.now(), answer };
    return answer;
  }

  /** In one snapshot, so that the numbers fit each other. */
  private ask(): Promise<string[]> {
    return this.systemEm.fork().transactional(
      async (em) => {
        await sql`set local statement_timeout = ${sql.lit(longestStatementMs)}`.execute(em.getKysely());
        return (await sharedFamilies(em, this.staleAfterSeconds)).map(familyText);
      },
      { isolationLevel: IsolationLevel.REPEATABLE_READ, readOnly: true },
    );
  }
}

function upText(value: 0 | 1): string {
  return familyText({
    name: "calendar_sync_database_up",
    help: "Whether the database has answered this process's last look at the shared state.",
    type: "gauge",
    samples: [{ labels: {}, value }],
  });
}
