import { randomUUID } from 'node:crypto';
import type { Assignment, VoiceAgent } from '../../src/agents/ports.ts';
import { DEFAULT_PROJECT_ID } from '../../src/call/index.ts';
import { PHONE_NUMBER_ID } from './call-identity.ts';

/** A voice agent like no other, with secrets of its own. */
export function voiceAgent(differences: Partial<VoiceAgent> = {}): VoiceAgent {
  return {
    id: randomUUID(),
    projectId: DEFAULT_PROJECT_ID,
    name: 'Echo',
    provider: {
      kind: 'websocket',
      url: 'wss://agent.test/talk',
      inbound: false,
      token: 'the-agent-token-in-clear',
      token_in: 'header',
      sample_rate: 16_000,
    },
    settings: {
      max_concurrent_calls: null,
      connect_timeout_seconds: 5,
      speak_within_seconds: null,
      health_url: null,
      parameters: { lang: 'en' },
    },
    createdAt: 1,
    updatedAt: 1,
    ...differences,
  };
}

/** Enabled, not primary. */
export function assignmentOf({ id }: VoiceAgent, differences: Partial<Assignment> = {}): Assignment {
  return {
    id: randomUUID(),
    voiceAgentId: id,
    phoneNumberId: PHONE_NUMBER_ID,
    isPrimary: false,
    enabled: true,
    position: 0,
    onLost: { reconnectAttempts: 3, then: { action: 'next' } },
    createdAt: 1,
    updatedAt: 1,
    ...differences,
  };
}
