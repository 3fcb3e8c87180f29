import type { CallOptions, SimulatedCall } from '../../../src/simulator/index.ts';
import type { House, Walked } from '../../support/house.ts';
import type { Launched } from '../../support/runtime-bot.ts';
import { ANSWERED, done, hearsThePrompt, SORRY, type Street } from './street.ts';
import { terminateFailed } from './webhooks.ts';

/** The runtime is all the number has; a call that it keeps, and the next one finds it full. */
export const onlyARuntime = {
  options: () => ({ environment: { TALKWIRE_AGENT_URL: '' } }),
  staff: (house: House) => {
    const provider = { kind: 'pipecat', media: 'runtime', start_url: house.runtime.url };
    return house.board.add({ name: 'Runtime', provider, settings: { max_concurrent_calls: 1 } }, 0);
  },
};
const { staff } = onlyARuntime;

export const RUNTIMES: readonly Street[] = [
  {
    what: 'a number with a runtime',
    ...onlyARuntime,
    rows: {
      'launch-failed': async (house) => {
        const { call, launched } = await asked(house);
        launched.answer(503);
        return done(call, 'reject');
      },
      'launch-failed-answered': async (house) => {
        // What Meta says to a reject once pre_accept counted.
        const { call, launched } = await asked(house, {
          faults: [{ type: 'graph.refuse', action: 'reject', code: 100 }],
        });
        await launched.preAccept();
        launched.answer(503);
        return over(call, launched, 'pre_accept', 'reject refused', 'terminate');
      },
      'launching-gave-up': async (house) => {
        const { call, launched } = await asked(house);
        call.hangUp();
        return tooLate(house, launched, await done(call));
      },
      'launching-api-hangup': async (house) => {
        const { call, launched } = await asked(house);
        await house.hangUp(call, 'agent_launching');
        return tooLate(house, launched, await done(call, 'reject'));
      },
      'runtime-hangup': async (house) => {
        const { call, launched } = await talking(house);
        call.hangUp();
        return over(call, launched, ...ANSWERED);
      },
      'runtime-unanswered': async (house) => {
        const { call } = await taken(house);
        call.hangUp();
        return done(call);
      },
      'runtime-never-up': async (house) => {
        const { call, launched } = await taken(house, { faults: [{ type: 'webhook.lose', event: 'terminate' }] });
        await launched.preAccept();
        await house.bridge.post(terminateFailed(call.callId));
        await house.bridge.recordOf(call);
        call.hangUp();
        return over(call, launched, 'pre_accept');
      },
      'runtime-api-hangup': async (house) => {
        const { call, launched } = await talking(house);
        await house.hangUp(call, 'agent_launched');
        return over(call, launched, ...ANSWERED, 'terminate');
      },
    },
  },
];

/** They wait for the phone or the clock, or hear a prompt to its end. */
export const WAITING_RUNTIMES: readonly Street[] = [
  {
    what: 'a runtime that is not heard',
    options: () => ({ ...onlyARuntime.options(), whatsapp: { firstMediaTimeoutMs: 4_000 } }),
    staff,
    rows: {
      'runtime-meta-failed': async (house) => {
        const { call, launched } = await talking(house);
        return over(call, launched, ...ANSWERED);
      },
    },
  },
  {
    what: 'a number with a runtime, whose calls are short',
    // Meta's time of the call has whole seconds.
    options: () => ({ ...onlyARuntime.options(), policy: { maxDurationMs: 10_000 } }),
    staff,
    rows: {
      'runtime-max-duration': async (house) => {
        const { call, launched } = await talking(house);
        return over(call, launched, ...ANSWERED, 'terminate');
      },
    },
  },
  {
    what: 'a number with a prompt and a runtime that is out of order',
    options: () => ({ ...onlyARuntime.options(), policy: { onAgentUnavailable: SORRY } }),
    staff,
    rows: {
      'launch-failed-prompt': async (house) => {
        const { call, launched } = await asked(house);
        launched.answer(503);
        return hearsThePrompt(call);
      },
    },
  },
];

/** The runtime was asked to take the call and has not answered. */
export async function asked(house: House, options: CallOptions = {}) {
  const call = await house.call(options);
  return { call, launched: await house.runtime.launched(call) };
}

/** The runtime said that it takes the call. */
async function taken(house: House, options: CallOptions = {}) {
  const { call, launched } = await asked(house, options);
  launched.answer(200);
  await house.bridge.reached(call, 'agent_launched');
  return { call, launched };
}

/** Phone and runtime are on the line with each other. */
async function talking(house: House) {
  const { call, launched } = await taken(house);
  await launched.preAccept();
  await launched.accept();
  await launched.heard;
  return { call, launched };
}

async function over(call: SimulatedCall, launched: Launched, ...graph: string[]): Promise<Walked> {
  const walked = await done(call, ...graph);
  await launched.leave();
  return walked;
}

/** The call is over; only now the runtime says that it takes it. */
async function tooLate(house: House, launched: Launched, walked: Walked): Promise<Walked> {
  await house.bridge.recordOf(walked);
  launched.answer(200);
  return walked;
}
