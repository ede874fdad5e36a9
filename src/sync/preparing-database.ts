import { fromKysely } from "pg-boss";
import type { EntityManager } from "../database/orm.js";
import { prepareFromNowOn } from "../database/prepared-statements.js";

export type JobDatabase = Pick<ReturnType<typeof fromKysely>, "executeSql">;

/** Where pg-boss sends its statements on the way of each job: on a session of ours, which prepares them. Their texts hold no values. */
export function preparingDatabase(em: EntityManager): JobDatabase {
  const database = fromKysely(em.getKysely());
  return {
    executeSql: (text, values) => {
      prepareFromNowOn(text);
      return database.executeSql(text, values);
    },
  };
}
