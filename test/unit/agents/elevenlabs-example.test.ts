import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { newVoiceAgent, targetOf } from '../../../src/agents/providers/index.ts';
import { dynamicVariables } from '../../../src/agents/wires/elevenlabs/initiation.ts';
import { DEFAULT_PROJECT_ID } from '../../../src/call/index.ts';
import { callContext } from '../../support/call-context.ts';
import { elevenLabsTarget } from '../../support/fake-elevenlabs-calls.ts';

const example = (name: string) =>
  readFileSync(new URL(`../../../examples/elevenlabs/${name}`, import.meta.url), 'utf8');

it('the example is an agent that this wire speaks with', () => {
  const agent = newVoiceAgent(JSON.parse(example('agent.json')), {
    id: 'a',
    projectId: DEFAULT_PROJECT_ID,
    at: 0,
    allowLinkLocal: false,
  });
  expect(targetOf(agent)).toMatchObject({
    wire: 'elevenlabs',
    agentId: 'agent_0123456789abcdefghijklmnopqr',
    apiKey: null,
    baseUrl: 'https://api.elevenlabs.io',
    overrides: { agent: { language: 'en' } },
    speakWithinMs: 8_000,
  });
});

it('the example names every variable that a prompt may name', () => {
  const named = [...example('README.md').matchAll(/\{\{(\w+)\}\}/g)].map(([, name]) => name);
  const told = Object.keys(dynamicVariables(elevenLabsTarget('https://api.test'), callContext()));
  expect(new Set(named)).toEqual(new Set(told));
});
