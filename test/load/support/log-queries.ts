import type { CallFilter, CallListQuery } from '../../../src/calls-api/ports.ts';
import { encodeCursor } from '../../../src/storage/cursor.ts';
import type { Database } from '../../../src/storage/index.ts';
import { LOG, LOG_DAYS } from './long-log.ts';

/** A kind of list that the routes offer; each run of it asks for something else. Returns how many calls were listed. */
export interface LogQuery {
  readonly name: string;
  run(calls: Database['calls']): Promise<number>;
}

const DAY_MS = 24 * 3_600_000;
const NOW = Date.now();
const [BUSY, SECOND, QUIET] = LOG.numbers;
const ANY: CallFilter = {
  projectId: LOG.project,
  phoneNumberId: null,
  direction: null,
  status: null,
  callId: null,
  since: null,
  until: null,
  agentId: null,
  user: null,
};

/** Some moment of the log, Unix milliseconds. */
const someTime = () => Math.floor(NOW - Math.random() * (LOG_DAYS - 60) * DAY_MS - 30 * DAY_MS);
const someCursor = () => encodeCursor({ createdAt: someTime(), id: 'x' });
const span = (days: number) => {
  const since = someTime();
  return { since, until: since + days * DAY_MS };
};
const someUser = () => ({ waId: `4930${10_000_000 + Math.floor(Math.random() * 1_000)}`, userId: null });

/** Every filter of the routes, alone and with others, at both ends of the log and in its middle. */
export function logQueries(callIds: readonly string[]): LogQuery[] {
  const someCall = () => callIds[Math.floor(Math.random() * callIds.length)]!;
  return [
    byCursor('number: first page', () => ({})),
    byCursor('number: first page of 100', () => ({ limit: 100 })),
    byCursor('number: after a cursor', () => ({ after: someCursor() })),
    byCursor('number: before a cursor', () => ({ before: someCursor() })),
    byCursor('number: last page', () => ({ after: encodeCursor({ createdAt: NOW - LOG_DAYS * DAY_MS, id: 'x' }) })),
    byCursor('number of another project before', () => ({ phoneNumberId: QUIET, after: someCursor() })),
    byCursor('number, direction', () => ({ direction: 'outbound', after: someCursor() })),
    byCursor('number, status completed', () => ({ status: 'completed', before: someCursor() })),
    byCursor('number, status failed', () => ({ status: 'failed', after: someCursor() })),
    byCursor('number, status ringing', () => ({ status: 'ringing' })),
    byCursor('number, status scheduled: none', () => ({ status: 'scheduled' })),
    byCursor('number, failed: none, direction', () => ({
      phoneNumberId: QUIET,
      status: 'failed',
      direction: 'inbound',
    })),
    byCursor('number, since yesterday', () => ({ since: NOW - DAY_MS })),
    byCursor('number, since: its end', () => {
      const since = someTime();
      return { since, after: encodeCursor({ createdAt: since, id: 'x' }) };
    }),
    byCursor('number, until', () => ({ until: someTime() })),
    byCursor('number, one day', () => span(1)),
    byCursor('number, one day, status failed', () => ({ ...span(1), status: 'failed' })),
    byCursor('number, one year, ringing: none', () => ({
      since: NOW - 400 * DAY_MS,
      until: NOW - 35 * DAY_MS,
      status: 'ringing',
    })),
    byCursor('number, one month, direction, cursor', () => {
      const month = span(30);
      const createdAt = Math.floor(month.since + Math.random() * 30 * DAY_MS);
      return { ...month, direction: 'outbound', after: encodeCursor({ createdAt, id: 'x' }) };
    }),
    byCursor('number, call_id', () => ({ callId: someCall() })),
    byCursor('number, call_id: unknown', () => ({ callId: `wacid.${Math.random()}` })),
    byCursor('project: after a cursor', () => ({ phoneNumberId: null, after: someCursor() })),
    byCursor('project, agent, before a cursor', () => ({
      phoneNumberId: null,
      agentId: LOG.agents[0],
      before: someCursor(),
    })),
    byPage('project: page 1', 1, () => ({})),
    byPage('project: page 100 of 100', 100, () => ({}), 100),
    byPage('project, status failed: page 1', 1, () => ({ status: 'failed' })),
    byPage('project, status failed: page 500', 500, () => ({ status: 'failed' })),
    byPage('project, direction: page 500', 500, () => ({ direction: 'outbound' })),
    byPage('project, status ringing', 1, () => ({ status: 'ringing' })),
    byPage('project, one month', 1, () => span(30)),
    byPage('project, one month: page 100', 100, () => span(30)),
    byPage('project, one day, status failed', 1, () => ({ ...span(1), status: 'failed' })),
    byPage('agent: page 1', 1, () => ({ agentId: LOG.agents[0] })),
    byPage('agent, status failed: page 100', 100, () => ({ agentId: LOG.agents[0], status: 'failed' })),
    byPage('agent with few calls, number', 1, () => ({ agentId: LOG.agents[1], phoneNumberId: SECOND })),
    byPage('agent, one month', 1, () => ({ agentId: LOG.agents[0], ...span(30) })),
    byPage('user', 1, () => ({ user: someUser() })),
    byPage('user, direction', 1, () => ({ user: someUser(), direction: 'inbound' })),
    byPage('user: unknown', 1, () => ({ user: { waId: '4999', userId: null } })),
  ];
}

function byCursor(name: string, make: () => Partial<CallListQuery>): LogQuery {
  return {
    name,
    async run(calls) {
      const page = { limit: 20, after: null, before: null };
      return (await calls.list({ ...ANY, ...page, phoneNumberId: BUSY, ...make() })).data.length;
    },
  };
}

function byPage(name: string, number: number, make: () => Partial<CallFilter>, size = 20): LogQuery {
  return {
    name,
    run: async (calls) => (await calls.listNumbered({ ...ANY, ...make() }, { number, size })).data.length,
  };
}
