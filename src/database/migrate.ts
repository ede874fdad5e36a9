import { MikroORM } from "@mikro-orm/postgresql";
import { ormOptions } from "../../mikro-orm.config.js";
import type { BaseLogger } from "pino";

export interface MigrateOptions {
  ownerUrl: string;
  systemUrl: string;
  appUrl: string;
  log: Pick<BaseLogger, "info" | "warn" | "error">;
}

/** Brings the database to this version's schema. */
export async function migrate(options: MigrateOptions): Promise<void> {
  const orm = await MikroORM.init({ ...ormOptions, clientUrl: options.ownerUrl });
  try {
    await orm.migrator.up();
  } finally {
    await orm.close(true);
  }
}
