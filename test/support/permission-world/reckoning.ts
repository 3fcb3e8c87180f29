import { DEFAULT_PROJECT_ID } from '../../../src/call/index.ts';
import type { PermissionWorld } from '../permission-world.ts';
import { pair, refOf } from '../permission-world.ts';
import { isSame } from './meta-users.ts';
import { NUMBERS, USERS } from './people.ts';

const MINUTE = 60_000;
const MOMENT_MS = 1_500;
const WEEK_MS = 7 * 24 * 60 * MINUTE;

/** When everybody has hung up and every webhook has come: what of Meta's books and ours does not agree. */
export async function reckon(world: PermissionWorld): Promise<string[]> {
  const { meta, database } = world;
  meta.reading = 'works';
  for (let quiet = 0; quiet < 20; quiet += 1) {
    const live = [...meta.calls.all].filter(([, { over }]) => !over);
    if (live.length > 0 || meta.post.onTheWay > 0) quiet = 0;
    for (const [callId] of live) meta.calls.hangUp(callId);
    await world.advance(quiet === 0 && live.length === 0 ? 20 * MINUTE : MINUTE);
  }
  const wrong: string[] = [];
  for (const { phoneNumberId } of NUMBERS) {
    for (const callId of meta.judge.liveCalls(phoneNumberId)) wrong.push(`Meta still has ${callId}`);
  }
  for (const { identity } of await database.calls.unfinished()) wrong.push(`we still have ${identity.callId}`);
  for (const debt of await database.debts.open()) wrong.push(`${debt.action} of ${debt.callId} is still owed`);
  wrong.push(...twice(meta.connects.flatMap(({ key }) => key ?? [])).map((key) => `${key} was dialled twice`));
  for (const [callId, { pickedUpAt, webhook }] of meta.calls.all) {
    const record = await database.calls.find(DEFAULT_PROJECT_ID, callId);
    if (record === null) {
      if (webhook.direction === 'outbound') wrong.push(`${callId} is not in our log`);
      continue;
    }
    const startedAt = record.session_started_at === null ? null : Date.parse(record.session_started_at);
    if ((startedAt === null) !== (pickedUpAt === null)) {
      wrong.push(`${callId} was ${pickedUpAt === null ? 'not ' : ''}picked up, and is written down otherwise`);
    } else if (startedAt !== null && pickedUpAt !== null && Math.abs(startedAt - pickedUpAt) > 1_100) {
      wrong.push(`${callId} was picked up ${startedAt - pickedUpAt} ms earlier than written`);
    }
  }
  for (const [number] of NUMBERS.entries()) {
    for (const [user] of USERS.entries()) wrong.push(...(await requestsOf(world, number, user)));
  }
  wrong.push(...meta.askedTwice);
  if (world.faults.length > 0) wrong.push(`faults: ${world.faults.join(', ')}`);
  return wrong;
}

/** Requests since the last call that was picked up: those of the last week, as Meta reports them. */
async function requestsOf({ meta, database, clock }: PermissionWorld, number: number, user: number): Promise<string[]> {
  const them = pair(number, user);
  await clock.advance(1_100);
  const now = clock.now();
  const report = meta.judge.readReport(them);
  if ('code' in report) return [`${report.code} for a report`];
  const counted = report.actions[0]?.limits.find(({ time_period }) => time_period === 'P7D')?.current_usage ?? 0;
  const state = await database.permissions.read(them.phoneNumberId, refOf(them.user), now);
  const sent = state.pair.requestedAt.filter((at) => at > now - WEEK_MS).length;
  const times = meta.pickupsOf(them);
  const lost = meta.losses.mayCount(them, now, times);
  // Of two things in one moment, which was first depends on whose moment it is.
  const close = meta.users.requests.some(
    ({ pair: of, at }) => isSame(of, them) && times.some((time) => Math.abs(time - at) < MOMENT_MS),
  );
  return sent === counted || lost || close ? [] : [`${sent} requests to ${them.user} written down, ${counted} sent`];
}

function twice(names: readonly string[]): string[] {
  return names.filter((name, index) => names.indexOf(name) !== index);
}
