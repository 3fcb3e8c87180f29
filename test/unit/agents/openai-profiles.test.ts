import { describe, expect, it } from 'vitest';
import { realtimeUrl } from '../../../src/agents/wires/openai-realtime/profiles.ts';

describe('the URL of a Realtime agent', () => {
  it.each([
    ['openai', null, null, 'wss://api.openai.com/v1/realtime?model=gpt-realtime'],
    ['openai', null, 'gpt-realtime-2', 'wss://api.openai.com/v1/realtime?model=gpt-realtime-2'],
    [
      'openai',
      'wss://eu.api.openai.com/v1/realtime?model=own',
      'other',
      'wss://eu.api.openai.com/v1/realtime?model=own',
    ],
    [
      'azure',
      'wss://hotel.openai.azure.com',
      'my-deployment',
      'wss://hotel.openai.azure.com/openai/v1/realtime?model=my-deployment',
    ],
    ['azure', 'wss://gateway.test/realtime', null, 'wss://gateway.test/realtime'],
    ['grok', null, null, 'wss://api.x.ai/v1/realtime?model=grok-voice-latest'],
    ['inworld', null, 'openai/gpt-4.1', 'wss://api.inworld.ai/api/v1/realtime/session?model=openai%2Fgpt-4.1'],
    ['compatible', 'ws://127.0.0.1:9000/v1/realtime', null, 'ws://127.0.0.1:9000/v1/realtime'],
  ] as const)('of %s with %s and %s', (profile, url, model, expected) => {
    expect(realtimeUrl(profile, { url, model })).toBe(expected);
  });

  it.each(['azure', 'compatible'] as const)('cannot be made up for %s', (profile) => {
    expect(() => realtimeUrl(profile, { url: null, model: null })).toThrow(TypeError);
  });
});
