import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import pg from "pg";
import { TestApp } from "../support/app.js";
import { addEvent, addEvents } from "../support/calendar.js";

let app: TestApp;

beforeAll(async () => {
  app = await TestApp.start();
  await app.sql("insert into firm (id, name) values (1, 'A firm')");
});

afterAll(async () => {
  await app.stop();
});

interface Feed {
  appointments: {
    totalCount: number;
    nodes: { id: string; title: string; status: string; updatedAt: string }[];
    pageInfo: { hasNextPage: boolean; endCursor: string | null };
  };
}

const feed = `query ($since: DateTime!, $after: String, $first: Int!) {
  appointments(updatedAfter: $since, after: $after, first: $first) {
    totalCount nodes { id title status updatedAt } pageInfo { hasNextPage endCursor }
  }
}`;

/** A host application that keeps what it has seen, and where it stopped. */
class Follower {
  readonly seen = new Map<string, string>();
  private since = "2020-01-01T00:00:00Z";

  /** Reads on until there is nothing more, in pages of that size. */
  async read(first = 3): Promise<void> {
    let after: string | null = null;
    for (;;) {
      const { appointments }: Feed = await app.manager<Feed>(feed, { since: this.since, after, first });
      for (const { id, title, status, updatedAt } of appointments.nodes) {
        this.seen.set(id, `${title} ${status}`);
        this.since = updatedAt;
      }
      after = appointments.pageInfo.endCursor;
      if (!appointments.pageInfo.hasNextPage) return;
    }
  }
}

async function session(): Promise<pg.Client> {
  const client = new pg.Client(app.installation.database.appUrl);
  await client.connect();
  await client.query("select set_config('app.firm_id', '1', false)");
  return client;
}

const insert = (title: string) =>
  `insert into appointment (firm_id, title, starts_at, ends_at, updated_at) values (1, '${title}', now(), now(), now())`;

async function titles(): Promise<string[]> {
  const rows = await app.sql<{ title: string }>(
    "select title || ' ' || status as title from appointment where firm_id = 1 order by id",
  );
  return rows.map(({ title }) => title);
}

describe("the feed of changes", () => {
  test("misses nothing of a transaction that is committed after others that began, wrote and were seen later", async () => {
    const follower = new Follower();
    const slow = await session();
    const quick = await session();
    await slow.query("begin");
    await slow.query(insert("Slow"));
    await quick.query(insert("Quick"));
    await follower.read();
    await slow.query("commit");
    await follower.read();
    expect([...follower.seen.values()].sort()).toEqual(["Quick CONFIRMED", "Slow CONFIRMED"]);
    await slow.end();
    await quick.end();
  });

  test("misses nothing of a transaction that began before others were seen, and wrote after", async () => {
    const follower = new Follower();
    const slow = await session();
    const quick = await session();
    await slow.query("begin");
    await slow.query("select pg_sleep(0.01)"); // times are kept in milliseconds
    await quick.query(insert("Between"));
    await follower.read();
    expect([...follower.seen.values()]).toContain("Between CONFIRMED");
    await slow.query(insert("Late"));
    await follower.read();
    await slow.query("commit");
    await follower.read();
    expect([...follower.seen.values()]).toContain("Late CONFIRMED");
    await slow.end();
    await quick.end();
  });

  test("does not wait for transactions that change no appointment, nor for one that has been rolled back", async () => {
    const other = await session();
    await other.query("begin");
    await other.query("select * from appointment");
    const undone = await session();
    await undone.query(`begin; ${insert("Undone")}; rollback`);
    const quick = await session();
    await quick.query(insert("Seen at once"));
    const follower = new Follower();
    await follower.read();
    expect([...follower.seen.values()].sort()).toEqual((await titles()).sort());
    for (const client of [other, undone, quick]) await client.end();
  });

  test("tells what a pull creates, changes and cancels, in pages, each change once it has happened", async () => {
    const account = "feed@example.com";
    const connection = await app.connect(account);
    const [first = ""] = addEvents(app.simulator, account, 7);
    await app.pull(connection);
    const follower = new Follower();
    await follower.read();
    app.simulator.control.deleteEvent(account, first);
    addEvent(app.simulator, account, "New one", 3);
    await app.pull(connection);
    await follower.read();
    expect([...follower.seen.values()].sort()).toEqual((await titles()).sort());
    expect([...follower.seen.values()]).toContain("Event 1 CANCELLED");
  });

  test("is in the order of the changes, counted as far as it is told", async () => {
    const { appointments } = await app.manager<Feed>(feed, { since: "2020-01-01T00:00:00Z", after: null, first: 200 });
    const times = appointments.nodes.map(({ updatedAt }) => new Date(updatedAt).getTime());
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(appointments.totalCount).toBe(appointments.nodes.length);
  });

  test("misses nothing while many write and one follows", async () => {
    const follower = new Follower();
    const over = new AbortController();
    const following = (async () => {
      while (!over.signal.aborted) await follower.read(50);
    })();
    const writers = Array.from({ length: 6 }, async (_, writer) => {
      const client = await session();
      for (let round = 0; round < 25; round += 1) {
        await client.query("begin");
        await client.query(insert(`Writer ${writer} round ${round}`));
        await client.query("select pg_sleep(random() * 0.03)");
        await client.query(
          `update appointment set title = title || '!' where title = 'Writer ${writer} round ${round}'`,
        );
        await client.query(round % 5 === 0 ? "rollback" : "commit");
      }
      await client.end();
    });
    await Promise.all(writers);
    over.abort();
    await following;
    await follower.read(200);
    expect([...follower.seen.values()].sort()).toEqual((await titles()).sort());
  });
});

describe("it is noticed where", () => {
  test("the feed tells what is not settled", async () => {
    const follower = new Follower();
    const slow = await session();
    await app.sql("alter function appointment_changes_settled_before rename to hidden");
    await app.sql(
      "create function appointment_changes_settled_before() returns timestamptz language sql as 'select clock_timestamp()'",
    );
    await slow.query("begin");
    await slow.query(insert("Missed"));
    await app.sql(insert("Newer"));
    await follower.read();
    await slow.query("commit");
    await follower.read();
    expect([...follower.seen.values()]).not.toContain("Missed CONFIRMED");
    await app.sql("drop function appointment_changes_settled_before()");
    await app.sql("alter function hidden rename to appointment_changes_settled_before");
    await slow.end();
  });

  test("a change has the time at which its transaction began", async () => {
    const follower = new Follower();
    const slow = await session();
    await app.sql("alter table appointment disable trigger appointment_change_is_stamped");
    await slow.query("begin");
    await slow.query("select pg_sleep(0.01)"); // times are kept in milliseconds
    await app.sql(insert("Seen first"));
    await follower.read();
    await slow.query(insert("Stamped too early"));
    await slow.query("commit");
    await follower.read();
    expect([...follower.seen.values()]).not.toContain("Stamped too early CONFIRMED");
    await app.sql("alter table appointment enable trigger appointment_change_is_stamped");
    await slow.end();
  });
});
