import { expect, test } from 'vitest';
import { step } from '../../../src/call/index.ts';
import {
  ANSWER,
  actionsOf,
  agentReady,
  agentReconnecting,
  agentSpoke,
  closed,
  connect,
  mediaConnected,
  OFFER,
  ok,
  opened,
  policy,
  promptPolicy,
  quality,
  T0,
  TestCall,
  terminateAfter,
} from '../../support/call.ts';

test('an offer opens the leg and dials the agent side by side', () => {
  const call = new TestCall();
  const effects = call.feed(connect(T0));

  expect(actionsOf(effects)).toEqual(['media.open', 'agent.connect']);
  expect(effects).toContainEqual({
    type: 'media.open',
    offer: OFFER,
    firstMediaTimeoutMs: 20_000,
    mediaGapTimeoutMs: 30_000,
  });
});

test('a call is pre-accepted, accepted with the identical SDP, and only then let sound through', () => {
  const call = new TestCall();
  call.feed(connect(T0));

  expect(call.feed(opened(T0 + 50))).toContainEqual({ type: 'graph.pre_accept', sdp: ANSWER });
  expect(actionsOf(call.feed(ok(T0 + 150, 'pre_accept')))).toEqual([]);
  expect(actionsOf(call.feed(mediaConnected(T0 + 250)))).toEqual([]);
  expect(call.feed(agentReady(T0 + 300))).toContainEqual({ type: 'graph.accept', sdp: ANSWER });
  expect(actionsOf(call.feed(ok(T0 + 400, 'accept')))).toEqual(['media.ungate', 'agent.start']);
  expect(call.record).toMatchObject({ status: 'answered', sessionStartedAt: T0 + 400 });
});

test.each([
  ['agent, media, pre_accept', [agentReady(T0 + 2), mediaConnected(T0 + 3), ok(T0 + 4, 'pre_accept')]],
  ['agent, pre_accept, media', [agentReady(T0 + 2), ok(T0 + 3, 'pre_accept'), mediaConnected(T0 + 4)]],
  ['media, agent, pre_accept', [mediaConnected(T0 + 2), agentReady(T0 + 3), ok(T0 + 4, 'pre_accept')]],
  ['media, pre_accept, agent', [mediaConnected(T0 + 2), ok(T0 + 3, 'pre_accept'), agentReady(T0 + 4)]],
  ['pre_accept, agent, media', [ok(T0 + 2, 'pre_accept'), agentReady(T0 + 3), mediaConnected(T0 + 4)]],
  ['pre_accept, media, agent', [ok(T0 + 2, 'pre_accept'), mediaConnected(T0 + 3), agentReady(T0 + 4)]],
])('accept goes out with the last of the three that it needs, in the order %s', (_, inputs) => {
  const call = new TestCall();
  call.feed(connect(T0), opened(T0 + 1), ...inputs.slice(0, 2));
  expect(call.count('graph.accept')).toBe(0);
  call.feed(...inputs.slice(2));
  expect(call.count('graph.accept')).toBe(1);
});

test('an agent that is ready before the leg is open is not forgotten', () => {
  const call = new TestCall();
  call.feed(connect(T0), agentReady(T0 + 1), opened(T0 + 2), ok(T0 + 3, 'pre_accept'), mediaConnected(T0 + 4));
  expect(call.count('graph.accept')).toBe(1);
});

test('an agent that is lost again before accept is waited for', () => {
  const call = TestCall.in('waiting');
  call.feed(agentReady(T0 + 300), agentReconnecting(T0 + 400));
  expect(actionsOf(call.feed(mediaConnected(T0 + 500)))).toEqual([]);
  expect(actionsOf(call.feed(agentReady(T0 + 600)))).toEqual(['graph.accept']);
});

test('an answered call that the user ends is completed, with quality and Meta’s duration', () => {
  const call = TestCall.in('connected');
  const effects = call.feed(terminateAfter(T0 + 20_900, 21));

  expect(actionsOf(effects)).toEqual(['media.close']);
  call.feed(closed(T0 + 21_000));
  expect(call.isOver).toBe(true);
  expect(call.ended).toBe('completed/user_hangup/user');
  expect(call.record).toMatchObject({
    status: 'completed',
    sessionStartedAt: T0 + 500,
    endedAt: T0 + 20_900,
    durationSeconds: 21,
    quality: quality(),
  });
});

test('the timeline tells the call in order', () => {
  const call = TestCall.in('connected');
  call.feed(agentSpoke(T0 + 600), { type: 'media.heard', at: T0 + 700 });
  call.feed(terminateAfter(T0 + 9_000, 8), closed(T0 + 9_100));

  expect(call.timeline).toEqual([
    'offer_received',
    'agent_connecting',
    'media_opened',
    'pre_accept_sent',
    'pre_accepted',
    'media_connected',
    'agent_ready',
    'accept_sent',
    'accepted',
    'agent_started',
    'agent_spoke',
    'media_heard',
    'terminate_received',
    'ended',
  ]);
});

test('a prompt instead of an agent is played once the call is answered, and then the call ends', () => {
  const call = TestCall.in('accepting', promptPolicy({ agents: [] }));
  expect(actionsOf(call.feed(ok(T0 + 500, 'accept')))).toEqual(['media.ungate', 'media.play']);
  expect(call.count('agent.connect')).toBe(0);

  const effects = call.feed({ type: 'media.prompt_done', prompt: 'sorry.ogg', played: true, at: T0 + 4_000 });
  expect(actionsOf(effects)).toEqual(['graph.terminate', 'media.close']);
  expect(call.confirm(T0 + 4_100).ended).toBe('completed/prompt_played/bridge');
  expect(call.record.durationSeconds).toBe(3);
});

test('a prompt that never reports its end does not keep the call up for ever', () => {
  const call = TestCall.in('connected', promptPolicy({ agents: [] }));
  expect(actionsOf(call.wake())).toEqual(['graph.terminate', 'media.close']);
  expect(call.confirm(T0 + 200_000).endings[0]).toMatchObject({ reason: 'prompt_played', detail: 'timed_out' });
});

test('without a limit a conversation asks for no timer', () => {
  expect(TestCall.in('connected').deadline).toBeNull();
});

test('a step leaves the call it was given as it was', () => {
  const before = TestCall.in('waiting', policy()).call;
  const copy = structuredClone(before);
  step(before, mediaConnected(T0 + 300));
  expect(before).toEqual(copy);
});
