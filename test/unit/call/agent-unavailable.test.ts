import { expect, test } from 'vitest';
import {
  actionsOf,
  agentFailed,
  agentHangup,
  agentReady,
  mediaConnected,
  ok,
  opened,
  policy,
  promptPolicy,
  T0,
  TestCall,
} from '../../support/call.ts';

test('policy reject: an agent that fails before pre_accept succeeded costs a reject', () => {
  for (const phase of ['offered', 'pre-accepting'] as const) {
    const call = TestCall.in(phase);
    expect(actionsOf(call.feed(agentFailed(T0 + 150)))).toEqual(['graph.reject', 'media.close']);
    expect(call.confirm(T0 + 200).endings).toEqual([
      { class: 'rejected', reason: 'agent_unavailable', endedBy: 'bridge', detail: 'connect_refused' },
    ]);
  }
});

test('policy reject: after pre_accept succeeded it is a terminate', () => {
  const call = TestCall.in('waiting');
  expect(actionsOf(call.feed(agentFailed(T0 + 300)))).toEqual(['graph.terminate', 'media.close']);
  expect(call.confirm(T0 + 400).ended).toBe('rejected/agent_unavailable/bridge');
});

test('policy reject: an agent that is not ready in time counts as unavailable', () => {
  const call = TestCall.in('waiting');
  expect(call.deadline).toBe(T0 + 5_000);
  expect(actionsOf(call.wake())).toEqual(['graph.terminate', 'media.close']);
  expect(call.confirm(T0 + 5_100).endings[0]).toMatchObject({ reason: 'agent_unavailable', detail: 'not_ready' });
});

test('the time of an agent counts even where the media is up and pre_accept is under way', () => {
  const call = TestCall.in('pre-accepting');
  call.feed(mediaConnected(T0 + 200));
  expect(call.deadline).toBe(T0 + 5_000);
  expect(actionsOf(call.wake())).toEqual(['graph.reject', 'media.close']);
});

test('policy prompt: the call is answered all the same, the prompt played, then terminate', () => {
  const call = TestCall.in('offered', promptPolicy());
  call.feed(agentFailed(T0 + 50), opened(T0 + 100), ok(T0 + 200, 'pre_accept'));
  expect(actionsOf(call.feed(mediaConnected(T0 + 300)))).toEqual(['graph.accept']);
  expect(call.feed(ok(T0 + 400, 'accept'))).toContainEqual({ type: 'media.play', prompt: 'sorry.ogg' });
  expect(call.count('agent.start')).toBe(0);

  call.feed({ type: 'media.prompt_done', prompt: 'sorry.ogg', played: true, at: T0 + 3_000 });
  expect(call.confirm(T0 + 3_100).ended).toBe('completed/prompt_played/bridge');
  expect(call.count('graph.terminate')).toBe(1);
});

test('policy prompt: an agent that is too slow is let go, and accept goes out at once', () => {
  const call = TestCall.in('waiting', promptPolicy());
  call.feed(mediaConnected(T0 + 300));
  expect(actionsOf(call.wake())).toEqual(['agent.close', 'graph.accept']);
  expect(actionsOf(call.feed(agentReady(T0 + 5_001)))).toEqual([]);
  expect(actionsOf(call.feed(ok(T0 + 5_100, 'accept')))).toEqual(['media.ungate', 'media.play']);
});

test('policy prompt: an agent that is lost while accept is under way gives way to the prompt', () => {
  const call = TestCall.in('accepting', promptPolicy());
  expect(actionsOf(call.feed(agentFailed(T0 + 450, 'socket_lost')))).toEqual([]);
  expect(actionsOf(call.feed(ok(T0 + 500, 'accept')))).toEqual(['media.ungate', 'media.play']);
});

test('a prompt that could not be played ends the call too, and the record says so', () => {
  const call = TestCall.in('connected', promptPolicy({ agents: [] }));
  call.feed({ type: 'media.prompt_done', prompt: 'sorry.ogg', played: false, at: T0 + 600 });
  expect(call.confirm(T0 + 700).endings[0]).toMatchObject({ reason: 'prompt_played', detail: 'not_played' });
});

test('an agent that hangs up before accept declined the call, whatever the policy', () => {
  for (const rules of [policy(), promptPolicy()]) {
    const call = TestCall.in('waiting', rules);
    expect(actionsOf(call.feed(agentHangup(T0 + 300, true)))).toEqual(['graph.terminate', 'media.close']);
    expect(call.confirm(T0 + 400).ended).toBe('rejected/agent_unavailable/agent');
  }
});
