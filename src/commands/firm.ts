import { sql } from "kysely";
import { loadConfig } from "../config.js";
import { checkDatabase } from "../database/check-database.js";
import { openDatabase, openSystemDatabase } from "../database/orm.js";
import { unitOfWork } from "../database/unit-of-work.js";
import { requireMigrated, withDatabase, type CommandDatabase } from "./command-database.js";
import { insertFirm } from "../firms/insert-firm.js";
import { parseFirmArguments, type FirmRequest } from "./firm-arguments.js";
import { CommandError, printLine, runCommand } from "./run-command.js";

/** `npm run firm -- add --id 17 --name N | list`: a firm's row, which importing or connecting a calendar also makes. */
await runCommand("firm", async (args) => {
  const request = parseFirmArguments(args);
  return withDatabase(loadConfig(), async (database) => {
    await requireMigrated(database);
    if (request.action === "add") await addFirm(database, request);
    else await listFirms(database);
    return 0;
  });
});

/** On the application's login, which is bound to the new firm and can touch no other. */
async function addFirm(
  { appUrl, log }: CommandDatabase,
  { id, name }: Extract<FirmRequest, { action: "add" }>,
): Promise<void> {
  await checkDatabase(appUrl, { log });
  const database = await openDatabase(appUrl, 1);
  try {
    const isNew = await unitOfWork(database.em, id, (unit) => insertFirm(unit, name));
    if (!isNew) throw new CommandError(`firm ${id} exists already`);
  } finally {
    await database.close();
  }
  printLine(`Firm ${id} (${name}) added.`);
}

interface FirmRow {
  id: string;
  name: string;
  connections: string;
}

async function listFirms({ systemUrl }: CommandDatabase): Promise<void> {
  const database = await openSystemDatabase(systemUrl, 1);
  try {
    const { rows } = await sql<FirmRow>`
      select firm.id, firm.name, count(connection.id) as connections
      from firm left join calendar_connection connection on connection.firm_id = firm.id
      group by firm.id, firm.name order by firm.id
    `.execute(database.em.getKysely());
    for (const { id, name, connections } of rows) printLine(`${id}\t${printable(name)}\t${connections} connections`);
    if (rows.length === 0) printLine("There is no firm yet.");
  } finally {
    await database.close();
  }
}

/** A name may have come from elsewhere, and must not steer the terminal. */
function printable(name: string): string {
  return name.replaceAll(/\p{Cc}/gu, " ");
}
