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
}
