import { describe, expect, test } from 'vitest';
import {
  actionsOf,
  agentFailed,
  agentHangup,
  announce,
  announced,
  policy,
  promptPolicy,
  T0,
  TestCall,
} from '../../support/call.ts';

const AT = T0 + 5_000;

describe('a prompt that is asked for while an agent has the call', () => {
  test('is played, and the call goes on', () => {
    const call = TestCall.in('connected');
    expect(call.feed(announce(AT, 'p-1', true))).toContainEqual({
      type: 'media.announce',
      id: 'p-1',
      prompt: 'p-1.ogg',
      interrupt: true,
    });
    expect(actionsOf(call.feed(announced(AT + 900)))).toEqual([]);
    expect(call.phase).toBe('connected');
    expect(call.timeline.slice(-3)).toEqual(['prompt_requested', 'prompt_started', 'prompt_done']);
    expect(call.lines('prompt_done')).toEqual([{ id: 'p-1', prompt: 'p-1.ogg', played: true }]);
  });

  test('waits for those that were asked for before it', () => {
    const call = TestCall.in('connected');
    expect(actionsOf(call.feed(announce(AT, 'a'), announce(AT + 10, 'b'), announce(AT + 20, 'c')))).toEqual([
      'media.announce',
    ]);
    expect(call.feed(announced(AT + 500, 'a', false))).toContainEqual(
      expect.objectContaining({ type: 'media.announce', id: 'b' }),
    );
    call.feed(announced(AT + 900, 'b'));
    expect(call.lines('prompt_started').map(({ id }) => id)).toEqual(['a', 'b', 'c']);
    expect(call.lines('prompt_done').map(({ id, played }) => `${id} ${played}`)).toEqual(['a false', 'b true']);
  });

  test('is not taken when four play or wait', () => {
    const call = TestCall.in('connected');
    for (const id of ['a', 'b', 'c', 'd', 'e']) call.feed(announce(AT, id));
    expect(call.lines('prompt_requested')).toHaveLength(4);
    expect(call.lines('ignored')).toEqual([{ input: 'api.announce', reason: 'too_many_prompts' }]);
  });

  test.each(['offered', 'pre-accepting', 'waiting', 'accepting', 'draining'] as const)(
    'means nothing when %s',
    (phase) => {
      expect(actionsOf(TestCall.in(phase).feed(announce(AT)))).toEqual([]);
    },
  );

  test('means nothing when a prompt speaks in place of an agent', () => {
    expect(actionsOf(TestCall.in('connected', promptPolicy({ agents: [] })).feed(announce(AT)))).toEqual([]);
  });

  test('is believed to be played only when it is the one that plays', () => {
    const call = TestCall.in('connected');
    call.feed(announce(AT, 'a'), announce(AT, 'b'));
    expect(actionsOf(call.feed(announced(AT + 10, 'b'), announced(AT + 20, 'zzz')))).toEqual([]);
    call.feed(announced(AT + 30, 'a'));
    expect(actionsOf(call.feed(announced(AT + 31, 'a')))).toEqual([]);
  });

  test('plays to its end before the last words of an agent that hung up, and no other follows it', () => {
    const call = TestCall.in('connected');
    call.feed(announce(AT, 'a'), announce(AT, 'b'));
    expect(actionsOf(call.feed(agentHangup(AT + 100, true)))).toEqual(['media.drain']);
    expect(call.lines('prompt_not_played')).toEqual([{ id: 'b', prompt: 'b.ogg' }]);
    expect(actionsOf(call.feed(announced(AT + 200, 'a')))).toEqual([]);
    expect(call.phase).toBe('draining');
    expect(call.lines('prompt_done')).toHaveLength(1);
  });

  test('is told as not played when the call ends, and those behind it too', () => {
    const call = TestCall.in('connected');
    call.feed(announce(AT, 'a'), announce(AT, 'b'), { type: 'api.hangup', at: AT + 100 });
    expect(call.lines('prompt_done')).toEqual([{ id: 'a', prompt: 'a.ogg', played: false }]);
    expect(call.lines('prompt_not_played').map(({ id }) => id)).toEqual(['b']);
    expect(call.confirm(AT + 200).ended).toBe('completed/api_hangup/api');
  });

  test('gives way to the prompt that excuses a lost agent', () => {
    const call = TestCall.in('connected', promptPolicy());
    call.feed(announce(AT, 'a'));
    expect(actionsOf(call.feed(agentFailed(AT + 100)))).toEqual(['media.play']);
    expect(call.lines('prompt_done')).toEqual([{ id: 'a', prompt: 'a.ogg', played: false }]);
    expect(actionsOf(call.feed(announced(AT + 200, 'a')))).toEqual([]);
  });

  test('does not make the call last longer than it may', () => {
    const call = TestCall.in('connected', policy({ maxDurationMs: 60_000 }));
    call.feed(announce(AT));
    expect(call.deadline).toBe(T0 + 500 + 60_000);
  });
});
