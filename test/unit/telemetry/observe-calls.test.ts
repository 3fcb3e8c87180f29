import { beforeEach, expect, it } from 'vitest';
import { createLogger, observeCalls } from '../../../src/telemetry/index.ts';
import { identity } from '../../support/call.ts';

const lines: Record<string, unknown>[] = [];
const logger = createLogger({ level: 'info', destination: { write: (line) => void lines.push(JSON.parse(line)) } });
beforeEach(() => {
  lines.length = 0;
});

it('tells in the log of every day where a call hopped from agent to agent and why, and nothing that was said', () => {
  const { onTimeline } = observeCalls(logger);
  const note = (type: string, data: Readonly<Record<string, string | number>>) =>
    onTimeline?.(identity({ id: 'a' }), { at: 1, type, data });
  note('agent_connecting', { agent: 'First', seat: 0 });
  note('agent_reconnecting', { agent: 'First', seat: 0, attempt: 1, code: 'socket_lost' });
  note('agent_failed', { agent: 'First', seat: 0, code: 'connect_refused' });
  note('agent_skipped', { agent: 'Second', seat: 1, why: 'media_is_ours' });
  note('transcript', { agent: 'First', text: 'hello' });
  expect(lines).toEqual([
    expect.objectContaining({ level: 40, msg: 'agent_reconnecting', call: 'a', agent: 'First', code: 'socket_lost' }),
    expect.objectContaining({ level: 40, msg: 'agent_failed', call: 'a', agent: 'First', code: 'connect_refused' }),
    expect.objectContaining({ level: 40, msg: 'agent_skipped', call: 'a', agent: 'Second', why: 'media_is_ours' }),
  ]);
});

it('tells how far a dial has come and why it ended, by our own id and without the user', () => {
  const { onUpdated } = observeCalls(logger);
  const unnamed = identity({ id: 'a', callId: 'a', direction: 'outbound' });
  const named = { ...unnamed, callId: 'wacid.a' };
  onUpdated?.(unnamed, { callId: 'wacid.a' });
  onUpdated?.(named, { status: 'ringing' });
  const ending = { class: 'missed', reason: 'declined', endedBy: 'user', detail: null } as const;
  onUpdated?.(named, { status: 'completed', ending, durationSeconds: null });
  const dial = { call: 'a', direction: 'outbound', phoneNumberId: 'pn-1' };
  expect(lines).toEqual([
    expect.objectContaining({ ...dial, msg: 'dial', status: 'ringing' }),
    expect.objectContaining({ ...dial, msg: 'call ended', status: 'completed', reason: 'declined' }),
  ]);
  expect(JSON.stringify(lines)).not.toMatch(/wacid|user-1|Ana/);
});

it('says nothing of how far a call has come that comes in', () => {
  observeCalls(logger).onUpdated?.(identity({ id: 'a' }), { status: 'answered' });
  expect(lines).toEqual([]);
});
