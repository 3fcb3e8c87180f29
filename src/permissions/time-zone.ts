const formats = new Map<string, Intl.DateTimeFormat>();

/** Whether this is a time zone that the runtime knows, such as `America/Sao_Paulo`. */
export function hasTimeZone(zone: string): boolean {
  try {
    formatOf(zone);
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/**
 * How far the clocks of a zone are before UTC at a time, in minutes.
 *
 * @param at Unix milliseconds
 * @throws RangeError if there is no such zone
 */
export function offsetAt(zone: string, at: number): number {
  // Such as `GMT+05:30`, and `GMT` alone.
  const name = formatOf(zone)
    .formatToParts(at)
    .find(({ type }) => type === 'timeZoneName')?.value;
  const [, sign, hours, minutes] = /^GMT([+-])(\d\d):(\d\d)/.exec(name ?? '') ?? [];
  const offset = Number(hours ?? 0) * 60 + Number(minutes ?? 0);
  return sign === '-' ? -offset : offset;
}

/** Making a format takes a thousand times longer than using it. */
function formatOf(zone: string): Intl.DateTimeFormat {
  let format = formats.get(zone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' });
    formats.set(zone, format);
  }
  return format;
}
