import { expect } from 'vitest';
import { nextConnection } from '../../support/switchboard.ts';
import { ANSWERED, done, hearsThePrompt, SECOND_OUT_OF_ORDER, SORRY, type Street } from './street.ts';

/** Agents that come one after the other. */
export const CHAINS: readonly Street[] = [
  {
    ...SECOND_OUT_OF_ORDER,
    rows: {
      'chain-failed': async (house) => {
        const call = await house.call({ faults: [{ type: 'ice.never' }] }, { ready: false });
        const first = await house.agent.connectionOf(call.callId);
        await house.bridge.reached(call, 'pre_accepted');
        first.drop();
        return done(call, 'pre_accept', 'terminate');
      },
      'chain-lost': async (house) => {
        const { call, agent } = await house.talk();
        agent.drop();
        return done(call, ...ANSWERED, 'terminate');
      },
    },
  },
];

/** Agents that are lost, and the prompt that excuses them. */
export const EXCUSED: readonly Street[] = [
  {
    what: 'a number with a prompt and an agent that is lost',
    options: () => ({ policy: { onAgentUnavailable: SORRY } }),
    rows: {
      'agent-lost-prompt': async (house) => {
        const { call, agent } = await house.talk();
        agent.drop();
        return hearsThePrompt(call);
      },
      'user-hangup-in-excuse': async (house) => {
        const { call, agent } = await house.talk();
        agent.drop();
        await house.bridge.reached(call, 'prompt_started');
        call.hangUp();
        return done(call, ...ANSWERED);
      },
    },
  },
  {
    what: 'a number with a prompt and an agent that does not come back',
    options: () => ({
      policy: { recoveryTimeoutMs: 5_000, onAgentUnavailable: SORRY },
      environment: { TALKWIRE_AGENT_RECONNECT_ATTEMPTS: '100' },
    }),
    rows: {
      'agent-not-back-prompt': async (house) => {
        const { call, agent } = await house.talk();
        house.agent.options.ready = false;
        agent.drop();
        const again = await nextConnection(house.agent, call, 1);
        expect(await again.hear('end')).toMatchObject({ reason: 'agent_lost' });
        return hearsThePrompt(call);
      },
    },
  },
];
