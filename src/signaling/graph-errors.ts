import { z } from 'zod';
import type { GraphAction, GraphFailure } from '../call/index.ts';
import type { GraphErrorRule } from './graph-error-rule.ts';
import { META_ERRORS } from './graph-error-table.ts';
import { list, numeric, text } from './lenient.ts';

/**
 * Reads an answer of Graph that is no success: `body` is the parsed JSON, or the text if it was none. Understands Graph's
 * envelope (meta-calling.md §7.1) and the two of Kapso's platform, `{"error":"…"}` and `{"errors":…}` (kapso-api.md §5).
 *
 * Known: codes and HTTP statuses of META_ERRORS. Guessed: Meta lists "the call is over" and "the user already hung up" among
 * the errors of every action, but gives no codes for them, so the texts of GONE decide, for any code that does not mean
 * something else for sure.
 */
export function classify(httpStatus: number, body: unknown): GraphFailure {
  const { code, texts } = readEnvelope(body);
  const rule = code === null ? undefined : ruleFor(code);
  const message = clean(texts.find((part) => part !== null) ?? `HTTP ${httpStatus} without a reason`);
  const said = texts.filter((part) => part !== null).join(' ');
  const open = rule === undefined || rule.code === 100 || rule.known === 'number only' || rule.kind === 'unknown';
  if (open && GONE.some((pattern) => pattern.test(said))) return { code, httpStatus, kind: 'gone', message };
  return { code, httpStatus, kind: rule?.kind ?? kindOfStatus(httpStatus), message };
}

export function ruleFor(code: number): GraphErrorRule | undefined {
  return RULES.get(code);
}

/** Whether an action that failed so, and that may be repeated at all, is worth repeating. */
export function retryFor(failure: GraphFailure): GraphErrorRule['retry'] {
  if (failure.kind === 'gone') return 'never';
  const rule = failure.code === null ? undefined : ruleFor(failure.code);
  return rule?.retry ?? (kindOfStatus(failure.httpStatus ?? 0) === 'unknown' ? 'backoff' : 'never');
}

/**
 * True if a repeated `pre_accept` was refused because the first one, whose answer was lost, had come through. By text, which
 * is a guess: Meta gives no code for it.
 */
export function saysAlreadyDone(action: GraphAction, failure: GraphFailure): boolean {
  return action === 'pre_accept' && /already (been )?pre-?_?accepted/i.test(failure.message);
}

const RULES = new Map(META_ERRORS.map((rule) => [rule.code, rule]));

/** Ways to say that there is no such call any more. Wide, because nobody has written the real ones down. */
const GONE: readonly RegExp[] = [
  /\b(already|has|was|been|is) (been )?(ended|terminated|completed|finished|disconnected|hung up|cancell?ed|over)\b/i,
  /\b(ended|terminated|completed|failed|rejected) call\b/i,
  /\bcall (has |was |is )?(already )?(ended|terminated|completed|failed|rejected|over)\b/i,
  /\bhung up\b/i,
  /\b(reject|terminate)\w* (is )?already in progress\b/i,
  /\b(unknown|invalid|no such|bad|expired) call([ _-]?id)?\b/i,
  /\bcall([ _-]?id)?\b.{0,40}\b(not found|does not exist|doesn't exist|is invalid|no longer (exists|active|available))/i,
];

/** No answer that decides anything: throttled, or a fault on the way or at Meta. */
function kindOfStatus(httpStatus: number): GraphFailure['kind'] {
  return httpStatus === 408 || httpStatus === 429 || httpStatus >= 500 || httpStatus < 300 ? 'unknown' : 'refused';
}

const graphError = z.object({
  code: numeric,
  message: text,
  error_user_title: text,
  error_user_msg: text,
  error_data: z.object({ details: text }).catch({ details: null }),
});
const envelope = z.object({
  error: z.union([z.string(), graphError]).nullable().catch(null),
  message: text,
  errors: z.union([z.record(z.string(), z.unknown()).transform((fields) => Object.values(fields).flat()), list]),
});

/** The most useful text first. */
function readEnvelope(body: unknown): { code: number | null; texts: readonly (string | null)[] } {
  const parsed = envelope.safeParse(body);
  if (!parsed.success) return { code: null, texts: [] };
  const { error, errors, message } = parsed.data;
  if (typeof error === 'string') return { code: null, texts: [error, message] };
  if (error !== null) {
    const { code, error_data: data, error_user_msg: forUser, error_user_title: title } = error;
    return { code, texts: [data.details, forUser, error.message, title] };
  }
  const strings = errors.filter((item) => typeof item === 'string');
  const first = graphError.safeParse(errors.find((item) => typeof item === 'object'));
  if (first.success)
    return { code: first.data.code, texts: [first.data.error_data.details, first.data.message, message] };
  return { code: null, texts: [strings.length > 0 ? strings.join('; ') : null, message] };
}

/** Messages end up in logs: no phone numbers, no addresses, no novels. */
function clean(message: string): string {
  return message
    .slice(0, 300)
    .replaceAll(/\d{1,3}(\.\d{1,3}){3}/g, '[address]')
    .replaceAll(/\+?\d{7,}/g, '[number]')
    .replaceAll(/\s+/g, ' ');
}
