import { readFile } from 'node:fs/promises';
import { afterEach, expect, it } from 'vitest';
import { targetOf } from '../../../src/agents/providers/target-of.ts';
import { newVoiceAgent } from '../../../src/agents/providers/voice-agent.ts';
import { DEFAULT_PROJECT_ID } from '../../../src/call/index.ts';
import { FAKE_KEY } from '../../support/fake-realtime.ts';
import { FakeRealtimeCalls, speak } from '../../support/fake-realtime-calls.ts';

let calls: FakeRealtimeCalls;
afterEach(() => calls.stop());

it('the example is an agent that answers the phone, as soon as it has a key', async () => {
  calls = await FakeRealtimeCalls.start({ replies: [[{ say: 'Hotel Sonne.', ms: 200, hz: 500 }]] });
  const body = JSON.parse(await readFile('examples/openai-realtime/agent.json', 'utf8'));
  expect(body.voice_agent.provider).not.toHaveProperty('api_key');
  body.voice_agent.provider.api_key = FAKE_KEY;
  const target = targetOf(
    newVoiceAgent(body, { id: crypto.randomUUID(), projectId: DEFAULT_PROJECT_ID, at: 0, allowLinkLocal: false }),
  );
  if (target.wire !== 'openai-realtime') throw new Error(`not the wire of the example: ${target.wire}`);
  expect(target.url).toBe('wss://api.openai.com/v1/realtime?model=gpt-realtime');
  const { wire, connection } = await calls.ready({ target: { ...target, url: calls.service.url } });
  wire.start();
  const asked = await connection.hear('response.create');
  expect((asked['response'] as { instructions: string }).instructions).toContain('Hotel Sonne, good day.');
  expect((await calls.listener.next('transcript')).transcript).toMatchObject({ party: 'agent', text: 'Hotel Sonne.' });
  speak(wire, 200);
  speak(wire, 600, false);
  expect((await calls.listener.next('transcript')).transcript).toMatchObject({ party: 'user' });
  expect(connection.session.faults).toEqual([]);
});
