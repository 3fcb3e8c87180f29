import { expect } from 'vitest';
import { follow } from './dials.ts';
import { askingForAnAddress, noPortLeft, threads } from './neighbours.ts';
import { dialDone, hearsThePromptOfDial, SECOND_OUT_OF_ORDER, SORRY, type Street } from './street.ts';

const RINGS = { reply: 'ignore' } as const;

/** All calls of it are hit. */
export const DYING_THREAD: Street = {
  what: 'a bridge whose media thread dies',
  options: () => ({}),
  rows: {
    'dial-thread-died': async (house) => {
      const { dialled } = await house.ring(RINGS);
      await threads.kill();
      return dialDone(house, dialled, 'connect', 'terminate');
    },
  },
};

/** Numbers and bridges that are in one way not like others, and those that play a prompt to its end. */
export const SPECIAL_DIALS: readonly Street[] = [
  {
    what: 'a bridge that has no UDP port left',
    options: () => ({ environment: noPortLeft() }),
    rows: { 'dial-leg-failed-1': async (house) => dialDone(house, await house.dial()) },
  },
  {
    what: 'a bridge that waits long for its own address, and gives its legs little time',
    options: () => ({ environment: askingForAnAddress(), policy: { mediaTimeoutMs: 1_000 } }),
    rows: { 'dial-offer-late': async (house) => dialDone(house, await house.dial()) },
  },
  {
    what: 'a bridge that waits long for its own address',
    options: () => ({ environment: askingForAnAddress() }),
    rows: {
      'dial-cancelled-1': async (house) => {
        const dialled = await house.dial();
        await house.dialler.reached(dialled, 'dial_begun');
        await house.dialler.hangUp(dialled);
        return dialDone(house, dialled);
      },
    },
  },
  {
    what: 'a WhatsApp that lets phones ring for a moment',
    options: () => ({ whatsapp: { ringTimeoutMs: 600 } }),
    rows: {
      'dial-unanswered': async (house) => dialDone(house, await house.dial(RINGS), 'connect'),
      'dial-followed-unanswered': async (house) => dialDone(house, await follow(house, RINGS), 'connect'),
    },
  },
  {
    what: 'a number that lets phones ring for a moment',
    options: () => ({ dialRules: { ringTimeoutMs: 800 } }),
    rows: { 'dial-rang-out': async (house) => dialDone(house, await house.dial(RINGS), 'connect', 'terminate') },
  },
  {
    ...SECOND_OUT_OF_ORDER,
    rows: {
      'dial-chain-failed': async (house) => {
        const { dialled, agent } = await house.ring(RINGS);
        agent.drop();
        return dialDone(house, dialled, 'connect', 'terminate');
      },
    },
  },
  {
    what: 'a number with a prompt and an agent that is out of order',
    options: () => ({ policy: { onAgentUnavailable: SORRY } }),
    rows: {
      'dial-agent-failed-prompt': async (house) => {
        const dialled = await house.dial({ afterMs: 600 }, { refuseWith: 503 });
        return hearsThePromptOfDial(house, dialled);
      },
    },
  },
  {
    what: 'a number with a prompt and a slow agent',
    options: () => ({
      policy: { onAgentUnavailable: SORRY },
      environment: { TALKWIRE_AGENT_CONNECT_TIMEOUT_MS: '3000' },
    }),
    rows: {
      'dial-agent-late-prompt': async (house) => {
        const { dialled, agent } = await house.ring({ afterMs: 5_000 }, { ready: false });
        expect(await agent.hear('end')).toMatchObject({ reason: 'agent_unavailable' });
        return hearsThePromptOfDial(house, dialled);
      },
    },
  },
];
