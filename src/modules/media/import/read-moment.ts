const FORM = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?) ?(Z|[+-]\d\d(?::?\d\d)?)$/i;

/** A moment of the past, by ISO 8601 or as databases write it, with its offset from UTC; null if it is none. */
export function readMoment(text: string): Date | null {
  const [, day, time, offset = ""] = FORM.exec(text) ?? [];
  if (day === undefined || !isInCalendar(day)) return null;
  const [, sign = "", hours, minutes = "00"] = /^([+-])(\d\d):?(\d\d)?$/.exec(offset) ?? [];
  const moment = new Date(`${day}T${time}${sign && `${sign}${hours}:${minutes}`}${sign ? "" : "Z"}`);
  return moment.getTime() >= 0 && moment.getTime() <= Date.now() ? moment : null;
}

/** JavaScript reads 30 February as 2 March. */
function isInCalendar(day: string): boolean {
  const read = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(read.getTime()) && read.toISOString().startsWith(day);
}
