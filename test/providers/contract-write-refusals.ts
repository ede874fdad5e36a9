import { randomUUID } from "node:crypto";
import { expect, test } from "@jest/globals";
import { account, failureOf, fullRound, type ContractSubject } from "./contract-world.js";
import { content, type WriteWorld } from "./write-world.js";

/** What a provider does not let us write, and what becomes of the connection. */
export function describeRefusedWrites(writes: WriteWorld, { readScopes, readOnlyCode }: ContractSubject): void {
  const { world } = writes;

  test("because the calendar is shared for reading alone leaves the connection as it is", async () => {
    const description = { id: "shared", name: "Shared", timeZone: "UTC", accessRole: "reader" } as const;
    const shared = writes.control.addCalendar({ account, ...description });
    const { id } = writes.control.createEvent(account, { title: "Theirs", ...someTime }, "shared");
    const calendar = world.opener(account, shared.description.id)();
    const { accessToken } = writes;
    const externalEventId = writes.control.externalEventId(account, id, "shared");
    const refused = [
      () => calendar.createEvent({ accessToken, eventKey: randomUUID(), content }),
      () => calendar.updateEvent({ accessToken, externalEventId, content, fields: ["title"] }),
      () => calendar.deleteEvent({ accessToken, externalEventId }),
    ];
    for (const write of refused) {
      expect(await failureOf(write())).toMatchObject({
        errorCode: "WRITE_FORBIDDEN",
        errorClass: "NON_RETRYABLE",
        action: { kind: "FAIL" },
      });
    }
    expect(await calendar.listChanges({ accessToken, range: fullRound, pageToken: null })).toMatchObject({
      changes: [{ event: { title: "Theirs" } }],
    });
  });

  test("because the consent is for reading alone leaves the connection as it is", async () => {
    const { event } = await writes.made(randomUUID());
    writes.accessToken = writes.control.issueAccessToken(account, { scopes: readScopes });
    const refused = [
      () => writes.create(randomUUID()),
      () => writes.update(event, { ...content, title: "Changed" }, ["title"]),
      () => writes.delete(event),
    ];
    for (const write of refused) {
      const expected = { errorCode: readOnlyCode, errorClass: "NON_RETRYABLE", action: { kind: "FAIL" } };
      expect(await failureOf(write())).toMatchObject(expected);
    }
    expect(await writes.known(event)).toEqual([{ kind: "event", event }]);
  });

  test("because the access token has expired asks for another one, with which it succeeds once", async () => {
    const eventKey = randomUUID();
    writes.control.expireAccessTokens(account);
    expect(await failureOf(writes.create(eventKey))).toMatchObject({ action: { kind: "REFRESH_ACCESS" } });
    await writes.begin();
    await writes.made(eventKey);
    writes.control.expireAccessTokens(account);
    expect(await failureOf(writes.create(eventKey))).toMatchObject({ errorCode: "ACCESS_TOKEN_REFUSED" });
    await writes.begin();
    expect(await writes.create(eventKey)).toMatchObject({ isChanged: false });
  });

  test("because too much was asked says how long to wait", async () => {
    writes.control.setThrottle({ requests: 0, perSeconds: 60, status: 429 });
    const failure = await failureOf(writes.create(randomUUID()));
    expect(failure).toMatchObject({ errorCode: "RATE_LIMITED", errorClass: "RATE_LIMITED" });
    expect(failure.retryAfterSeconds).toBeGreaterThan(0);
  });

  test("because the calendar is not there any more revokes the connection, and nothing counts as deleted", async () => {
    const second = writes.control.addCalendar({ account, id: "second", name: "Second", timeZone: "UTC" });
    const { accessToken } = writes;
    const open = world.opener(account, second.description.id);
    const eventKey = randomUUID();
    const written = await open().createEvent({ accessToken, eventKey, content });
    if (written.kind !== "event") throw new Error("the event was not made");
    const { externalEventId } = written.event;
    writes.control.removeCalendar(account, "second");
    for (const write of [
      () => open().createEvent({ accessToken, eventKey, content }),
      () => open().updateEvent({ accessToken, externalEventId, content, fields: ["title"] }),
      () => open().deleteEvent({ accessToken, externalEventId }),
      () => open().findByKey({ accessToken, eventKey }),
    ]) {
      expect(await failureOf(write())).toMatchObject({
        errorCode: "CALENDAR_NOT_FOUND",
        action: { kind: "REVOKE", reason: "CALENDAR_NOT_FOUND" },
      });
    }
  });
}

const someTime = {
  start: { dateTime: "2026-12-01T09:00:00", timeZone: "UTC" },
  end: { dateTime: "2026-12-01T10:00:00", timeZone: "UTC" },
};
