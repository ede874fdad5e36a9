import { Entity, PrimaryKey, Property } from "@mikro-orm/decorators/legacy";
import { bigint, instant } from "../database/columns.js";

/** A customer of the server. Everything else belongs to exactly one firm. */
@Entity({ tableName: "firm" })
export class Firm {
  @PrimaryKey({ type: bigint })
  id!: string;

  @Property({ type: "text" })
  name!: string;

  @Property({ ...instant })
  createdAt!: Date;

  /** When everything it held about people was erased; null while it was not. */
  @Property({ ...instant, nullable: true })
  erasedAt!: Date | null;

  erase(now: Date): void {
    this.name = "erased";
    this.erasedAt = now;
  }
}
