/** Events as Graph writes them. */

const utc = (dateTime: string) => ({ dateTime: `${dateTime}.0000000`, timeZone: "UTC" });

export const meeting = {
  "@odata.type": "#microsoft.graph.event",
  "@odata.etag": 'W/"1"',
  id: "AAMkmeeting=",
  type: "singleInstance",
  seriesMasterId: null,
  subject: "Review",
  showAs: "busy",
  isCancelled: false,
  isAllDay: false,
  originalStartTimeZone: "W. Europe Standard Time",
  recurrence: null,
  start: utc("2026-03-29T00:30:00"),
  end: utc("2026-03-29T01:30:00"),
};

export const holiday = {
  ...meeting,
  id: "AAMkholiday=",
  subject: "Ferragosto",
  isAllDay: true,
  start: utc("2026-08-15T00:00:00"),
  end: utc("2026-08-16T00:00:00"),
};

export const series = {
  ...meeting,
  id: "AAMkseries=",
  type: "seriesMaster",
  subject: "Stand-up",
  recurrence: {
    pattern: { type: "daily", interval: 1 },
    range: {
      type: "noEnd",
      startDate: "2026-03-01",
      endDate: "0001-01-01",
      recurrenceTimeZone: "Pacific Standard Time",
    },
  },
};

/** As change rounds tell it. */
export function occurrence(day: number, seriesMasterId = series.id) {
  const date = `2026-03-${String(day).padStart(2, "0")}`;
  return {
    "@odata.type": "#microsoft.graph.event",
    "@odata.etag": 'W/"2"',
    seriesMasterId,
    type: "occurrence",
    id: `${seriesMasterId}${date}`,
    start: utc(`${date}T00:30:00`),
    end: utc(`${date}T01:30:00`),
  };
}

/** As everything else tells it. */
export function fullOccurrence(day: number, subject = series.subject) {
  return { ...meeting, ...occurrence(day), subject };
}

export function removed(id: string) {
  return { "@odata.type": "#microsoft.graph.event", id, "@removed": { reason: "deleted" } };
}
