const SECOND_MS = 1_000;
const HOUR_MS = 3_600 * SECOND_MS;
const DAY_MS = 24 * HOUR_MS;

const DURATION = /^P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:[.,]\d+)?)S)?)?$/i;

/** An ISO 8601 duration in milliseconds. Null if it is none, is nothing, or has years or months, which have no fixed length. */
export function parseDuration(text: string): number | null {
  const [, weeks, days, hours, minutes, seconds] = DURATION.exec(text) ?? [];
  const ms =
    numberOf(weeks) * 7 * DAY_MS +
    numberOf(days) * DAY_MS +
    numberOf(hours) * HOUR_MS +
    numberOf(minutes) * 60 * SECOND_MS +
    Math.round(numberOf(seconds) * SECOND_MS);
  return ms > 0 && Number.isSafeInteger(ms) ? ms : null;
}

/** As Meta writes it: `PT24H` for a day, `P7D` for a week (meta-calling.md §2.2). */
export function formatDuration(ms: number): string {
  if (ms > DAY_MS && ms % DAY_MS === 0) return `P${ms / DAY_MS}D`;
  return ms % HOUR_MS === 0 ? `PT${ms / HOUR_MS}H` : `PT${ms / SECOND_MS}S`;
}

function numberOf(text: string | undefined): number {
  return text === undefined ? 0 : Number(text.replace(',', '.'));
}
