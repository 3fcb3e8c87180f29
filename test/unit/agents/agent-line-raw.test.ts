import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AgentLine } from '../../../src/agents/index.ts';
import { RecordingAgentListener } from '../../support/agent-listener.ts';
import { callContext } from '../../support/call-context.ts';
import { RawAgent } from '../../support/raw-agent.ts';
import { type RawDifferences, rawTarget } from '../../support/raw-calls.ts';
import { wireServices } from '../../support/wire-listener.ts';

/** The line over the raw wire and real sockets. */
describe('a line to an agent that speaks raw', () => {
  let agent: RawAgent;
  let listener: RecordingAgentListener;
  let line: AgentLine;

  beforeEach(async () => {
    agent = await RawAgent.start();
    listener = new RecordingAgentListener();
  });
  afterEach(async () => {
    line.abort();
    await agent.stop();
  });

  function dial(reconnectAttempts: number, differences: RawDifferences = {}): void {
    line = new AgentLine({
      target: rawTarget(agent.url, differences),
      reconnectAttempts,
      context: (attempt) => callContext({ attempt }),
      listener,
      services: wireServices(),
    });
    line.connect();
  }

  it('dials again after the connection broke, and goes on', async () => {
    dial(2);
    const first = await agent.connection();
    await listener.next('ready');
    line.start();
    await first.hear('answered');
    first.say({ type: 'mark', name: 'before' });
    await listener.next('mark');
    first.drop();
    expect(await listener.next('reconnecting')).toEqual({ type: 'reconnecting', attempt: 1, code: 'socket_lost' });
    const second = await agent.connection();
    expect(await second.hear('start')).toMatchObject({ reconnect: 1 });
    await listener.next('ready');
    await second.hear('answered');
    line.marked('0 before', false);
    line.callerAudio(new Int16Array(320), 0);
    await second.hearSound();
    await second.settle();
    expect(second.messages.map(({ type }) => type)).not.toContain('marked');
    second.sound(new Int16Array([1]));
    await listener.next('audio');
    await line.callEnded('user_hangup');
    expect(await second.hear('end')).toMatchObject({ reason: 'user_hangup' });
  });

  it('is over when the agent does not want us any more', async () => {
    dial(5);
    const first = await agent.connection();
    await listener.next('ready');
    agent.options.refuseWith = 401;
    first.drop();
    await listener.next('reconnecting');
    expect((await listener.next('failed')).code).toBe('unauthorized');
  });

  it('is over when it takes the call and is never ready', async () => {
    agent.options.ready = false;
    dial(0, { connectTimeoutMs: 200 });
    const connection = await agent.connection();
    expect((await listener.next('failed')).code).toBe('connect_timeout');
    await connection.closed;
    expect(listener.types).toEqual(['failed']);
  });

  it('is over when the agent declines', async () => {
    agent.options.ready = false;
    dial(3);
    const connection = await agent.connection();
    connection.say({ type: 'hangup', reason: 'busy' });
    expect(await listener.next('failed')).toMatchObject({ code: 'agent_error' });
    expect((await connection.closed).code).toBe(1000);
    expect(agent.connectionCount).toBe(1);
  });

  it('is over when the agent says nothing', async () => {
    dial(3, { speakWithinMs: 100 });
    const connection = await agent.connection();
    await listener.next('ready');
    line.start();
    expect(await listener.next('failed')).toMatchObject({ code: 'silent' });
    expect(await connection.hear('end')).toMatchObject({ reason: 'agent_lost' });
  });
});
