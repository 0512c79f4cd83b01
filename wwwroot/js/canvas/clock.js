// Times in words, in UTC or in the browser's zone. A format is costly to create: each is created once.
const DAY = 86400000;

export class Clock {
  constructor(zone) {
    this.isLocal = zone === "local";
    this.name = this.isLocal ? "local time" : "UTC";
    const format = form => new Intl.DateTimeFormat("en-GB", { timeZone: this.isLocal ? undefined : "UTC", ...form });
    const minutes = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
    this.forms = { minute: format(minutes), second: format({ ...minutes, second: "2-digit" }), day: format({ day: "numeric", month: "short" }) };
  }

  time(ms, short) { return this.forms[short ? "minute" : "second"].format(ms); }

  day(ms) { return this.forms.day.format(ms); }

  isSameDay(ms, now) { return Math.abs(now - ms) < DAY && this.day(ms) === this.day(now); }

  // A full timestamp: with the date if it is not today, always with the zone.
  stamp(ms, now) { return `${this.isSameDay(ms, now) ? "" : this.day(ms) + " "}${this.time(ms, false)}${this.isLocal ? " local" : "Z"}`; }

  // Of the zone from UTC.
  offset(ms) { return this.isLocal ? -new Date(ms).getTimezoneOffset() * 60000 : 0; }
}
