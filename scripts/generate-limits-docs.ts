import { writeFileSync } from 'node:fs';
import type { CountLimit, LimitFact, LimitNumbers, LimitValue, NoCallCountry } from '../src/permissions/limits.ts';
import { limitsOf } from '../src/permissions/limits.ts';
import { LIMIT_FACTS, LIMITS_AS_OF, NO_CALL_COUNTRIES } from '../src/permissions/limits-data.ts';
import { DEFAULT_DIAL_RULES } from '../src/permissions/ports.ts';

/** docs/limits.md */
export function limitsPage(): string {
  const { stopAfterUnanswered, warnAfterUnanswered, ringTimeoutMs, permissionDeadlineMs } = DEFAULT_DIAL_RULES;
  return `# Limits

What WhatsApp allows a business that calls its users, and what talkwire does at each limit, as known on ${LIMITS_AS_OF}. This page is
made from \`src/permissions/limits-data.ts\` by \`node scripts/generate-limits-docs.ts\`; do not edit it by hand. What talkwire
itself does not do is in [known gaps](known-gaps.md).

A call or request that Meta would refuse for a limit is refused here first, with Meta's own code, a reason, and the time from
which it may be tried again. talkwire counts what really happened: calls from their webhooks, requests when Graph took them. A
call that is being placed already holds its place. What \`GET call_permissions\` reports of a user goes before the numbers on
this page, for as long as it says something about the present.

## Meta's limits

"Test" is for sandbox accounts and public test numbers (\`profile: "sandbox"\` in the number's dial rules); an empty field means
as in production. **Known** says how well: *sure*, it is on a page of Meta's; *likely*, pages contradict each other, or it follows
from one; *unknown*, it was looked for and not found. Sources are pages below \`calling/\` in Meta's documentation, with the date on
the copy that was read.

| Limit | Production | Test | Code | Since | Source | Known | What talkwire does |
|---|---|---|---|---|---|---|---|
${LIMIT_FACTS.map(row).join('\n')}

## Numbers that may not call

What counts is the country of the business number, told by its calling code and, in North America, by its area code. Numbers
of these countries can be called by users, and may neither start calls nor ask for permission. A number that belongs to no
country, such as a test number with the area code 555, is left to Graph. So are numbers in countries where WhatsApp's API does
not exist at all.

| Country | | Refused here | Known | Source |
|---|---|---|---|---|
${NO_CALL_COUNTRIES.map(countryRow).join('\n')}

## talkwire's own

These are no limits of Meta's. They keep a number from running into one, and users from being bothered. All can be set for
each number.

| Rule | Default | What it is for |
|---|---|---|
| Stop after calls in a row that a user did not take | ${stopAfterUnanswered} | WhatsApp takes the permission back after ${limitsOf('production').unansweredRevoked}. Answered with code 138012 and the reason \`unanswered_guard\`. A call that is picked up, in either direction, ends the row. |
| Warn from so many on | ${warnAfterUnanswered} | The call is placed, and its answer has a warning. |
| Ring timer | ${duration(ringTimeoutMs)} | Meta's own is not documented. 15 to 90 s. |
| Wait for a permission | ${duration(permissionDeadlineMs)} | A dial that asked the user is given up after it. For as long, no second request is sent to the same user. |
| Quiet hours | none | Dials that waited are not placed in them. They are the user's: those of the country of the number, all of its time zones together, unless the dial names a zone. |
`;
}

function row({ what, value, code, since, source, certainty, action }: LimitFact): string {
  const production = worded(value(limitsOf('production')));
  const sandbox = worded(value(limitsOf('sandbox')));
  const test = sandbox === production ? '' : sandbox;
  return `| ${[what, production, test, code ?? '', since, source, certainty, action].join(' | ')} |`;
}

function countryRow({ name, country, refused, certainty, source }: NoCallCountry): string {
  return `| ${[name, country, refused ? 'yes' : 'no', certainty, source].join(' | ')} |`;
}

function worded(value: ReturnType<LimitFact['value']>): string {
  if (value === null) return '';
  return isList(value) ? value.map(wordsOf).join(' and ') : wordsOf(value);
}

function isList(value: LimitValue | LimitNumbers['requests']): value is readonly CountLimit[] {
  return Array.isArray(value);
}

function wordsOf(value: LimitValue): string {
  if ('max' in value) return `${grouped(value.max)} in ${duration(value.periodMs)}`;
  if ('lastsMs' in value) return duration(value.lastsMs);
  if ('inARow' in value) return `${value.inARow} in a row`;
  if ('atOnce' in value) return `${grouped(value.atOnce)} at once`;
  if ('atLeast' in value) return value.atLeast === 0 ? 'none' : `at least ${grouped(value.atLeast)}`;
  return `at most ${grouped(value.atMost)}`;
}

function duration(ms: number): string {
  const hours = ms / 3_600_000;
  if (hours >= 96) return `${hours / 24} days`;
  return hours >= 1 ? `${hours} h` : `${ms / 1_000} s`;
}

function grouped(count: number): string {
  return count.toLocaleString('en-US');
}

if (import.meta.main) writeFileSync(new URL('../docs/limits.md', import.meta.url), limitsPage());
