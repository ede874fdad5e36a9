import { sql } from "kysely";
import { loadConfig, type Config } from "../config.js";
import { checkDatabase } from "../database/check-database.js";
import { openDatabase, openSystemDatabase, type Database } from "../database/orm.js";
import { unitOfWork } from "../database/unit-of-work.js";
import type { ChannelEnding } from "../erase/channel-ending.js";
import { erasableFirm } from "../erase/erasable.js";
import { eraseFirm } from "../erase/erase-firm.js";
import { withChannelEnding } from "./channel-ending.js";
import { requireMigrated, withDatabase, type CommandDatabase } from "./command-database.js";
import { insertFirm } from "../firms/insert-firm.js";
import { confirmErasing } from "./confirm.js";
import { parseFirmArguments, type FirmRequest } from "./firm-arguments.js";
import { showUnderWay } from "./line-under-way.js";
import { CommandError, printLine, runCommand } from "./run-command.js";

/**
 * `npm run firm -- add --id 17 --name N | list | erase --id 17`: a firm's row, which importing or connecting a calendar also makes; and erasing
 * for good what a firm holds about people, which asks first on a terminal, unless `--yes`.
 */
await runCommand("firm", async (args) => {
  const request = parseFirmArguments(args);
  const config = loadConfig();
  return withDatabase(config, async (database) => {
    await requireMigrated(database);
    if (request.action === "add") await addFirm(database, request);
    else if (request.action === "erase") await eraseFirmOn(database, config, request);
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

type EraseRequest = Extract<FirmRequest, { action: "erase" }>;

async function eraseFirmOn(logins: CommandDatabase, config: Config, request: EraseRequest): Promise<void> {
  await checkDatabase(logins.appUrl, { log: logins.log });
  const database = await openDatabase(logins.appUrl, 2);
  try {
    const found = await erasableFirm(database.em, request.id);
    if (!found) throw new CommandError(`there is no firm ${request.id}`);
    const contents = `${found.living} connections and ${found.appointments} appointments`;
    if (found.isErased && found.living === 0) printLine(`Firm ${request.id} is erased already.`);
    else if (request.isDryRun) printLine(`Firm ${request.id} would be erased, with ${contents}.`);
    else {
      if (!request.isConfirmed) await confirmErasing(`Firm ${request.id}, with ${contents}`, request.id);
      await withChannelEnding(config, logins, database, (channels) => eraseAll(database, channels, request.id));
    }
  } finally {
    await database.close();
  }
}

async function eraseAll({ em }: Database, channels: ChannelEnding, id: string): Promise<void> {
  const erased = await eraseFirm(em, id, channels, (connectionId, done, all) => {
    showUnderWay(`… connection ${connectionId} (${done} of ${all})`);
  });
  showUnderWay("");
  printLine(
    erased
      ? `Firm ${id} erased, with ${erased.connections} connections and ${erased.appointments} appointments.`
      : `Firm ${id} is erased already.`,
  );
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
