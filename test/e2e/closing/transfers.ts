import type { SimulatedCall } from '../../../src/simulator/index.ts';
import type { House } from '../../support/house.ts';
import { dataOf, rawLink } from '../../support/switchboard.ts';
import { ANSWERED, done, type Street } from './street.ts';

/** Another agent is sought beside the one that has the call, and is not ready. */
async function sought(house: House, call: SimulatedCall) {
  const { board, bridge, second } = house;
  second.options.ready = false;
  const made = await board.ask('POST', '/voice_agents', { voice_agent: rawLink('Second', second) });
  const { id } = dataOf<{ id: string }>(made.body);
  const path = `/whatsapp/calls/${encodeURIComponent(call.callId)}/transfer`;
  const asked = board.ask('POST', path, { voice_agent_id: id });
  await bridge.reached(call, 'transfer_started');
  return { asked, connection: await second.connectionOf(call.callId) };
}

/** Calls that end while they are being given to another agent. */
export const TRANSFERS: readonly Street[] = [
  {
    what: 'a number whose calls are given to another agent',
    options: () => ({}),
    staff: (house) => house.board.chain(rawLink('First', house.agent)),
    rows: {
      'user-hangup-in-transfer': async (house) => {
        const { call } = await house.talk();
        const { asked } = await sought(house, call);
        call.hangUp();
        await asked;
        return done(call, ...ANSWERED);
      },
      // The last: nobody answers the number after it.
      'transfer-lost': async (house) => {
        const { call, agent } = await house.talk();
        await house.board.chain();
        const { asked, connection } = await sought(house, call);
        agent.drop();
        await asked;
        connection.drop();
        return done(call, ...ANSWERED, 'terminate');
      },
    },
  },
];
