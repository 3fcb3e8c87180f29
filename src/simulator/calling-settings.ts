import { z } from 'zod';

const onOff = z.enum(['ENABLED', 'DISABLED'], 'must be ENABLED or DISABLED');
const clock = z.string().regex(/^(?:[01]\d|2[0-3])[0-5]\d$/, 'must be HHMM');
const DAYS = ['MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY', 'SUNDAY'] as const;

const span = z
  .object({ day_of_week: z.enum(DAYS), open_time: clock, close_time: clock })
  .refine(({ open_time: open, close_time: close }) => open < close, 'must open before it closes');
const holiday = z.object({ date: z.iso.date(), start_time: clock, end_time: clock });

const callHours = z.object({
  status: onOff,
  timezone_id: z.string(),
  weekly_operating_hours: z.array(span).refine(isLawfulWeek, 'has at most two spans a day, which do not overlap'),
  holiday_schedule: z.array(holiday).max(20).optional(),
});

const sip = z.object({
  status: onOff.optional(),
  webhook_delivery: onOff.optional(),
  servers: z
    .array(
      z.object({
        hostname: z.string(),
        port: z.int().min(1).max(65_535).optional(),
        request_uri_user_params: z.record(z.string(), z.string()).optional(),
      }),
    )
    .optional(),
});

/** What Meta takes as `calling` (meta-calling.md §2.3). Each member replaces the one before it as a whole. */
const calling = z.strictObject({
  status: onOff.optional(),
  call_icon_visibility: z.enum(['DEFAULT', 'DISABLE_ALL'], 'must be DEFAULT or DISABLE_ALL').optional(),
  call_icons: z.object({ restrict_to_user_countries: z.array(z.string().regex(/^[A-Z]{2}$/)) }).optional(),
  callback_permission_status: onOff.optional(),
  call_hours: callHours.optional(),
  sip: sip.optional(),
  srtp_key_exchange_protocol: z.enum(['DTLS', 'SDES'], 'must be DTLS or SDES').optional(),
  audio: z.object({ additional_codecs: z.array(z.enum(['PCMA', 'PCMU'])) }).optional(),
  voicemail: z.looseObject({ status: onOff }).optional(),
});

export type CallingSettings = z.infer<typeof calling>;

/** Calling settings as a client writes them; a text that names the field and the rule if they are not lawful. */
export function parseCallingSettings(given: unknown, now: number): CallingSettings | string {
  const parsed = calling.safeParse(given);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return `${['calling', ...(issue?.path ?? [])].join('.')} ${issue?.message ?? 'is not valid'}`;
  }
  const today = new Date(now).toISOString().slice(0, 10);
  const past = parsed.data.call_hours?.holiday_schedule?.find(({ date }) => date < today);
  return past === undefined ? parsed.data : `calling.call_hours.holiday_schedule: ${past.date} is over`;
}

function isLawfulWeek(spans: readonly z.infer<typeof span>[]): boolean {
  return DAYS.every((day) => {
    const [first, second, ...more] = spans
      .filter(({ day_of_week: of }) => of === day)
      .toSorted((a, b) => a.open_time.localeCompare(b.open_time));
    return more.length === 0 && (second === undefined || second.open_time >= (first?.close_time ?? ''));
  });
}
