import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import type { CallManners, FaultInput, RungHandsetFactory } from '../../../src/simulator/index.ts';
import { openOfferingLeg } from '../../../src/webrtc/index.ts';
import type { Dialled } from '../../support/dialler.ts';
import type { House } from '../../support/house.ts';
import { LegLog, loopback } from '../../support/leg-pair.ts';
import { rungImpostor } from './impostors.ts';
import { dialDone, type Street } from './street.ts';
import { dialFailed } from './webhooks.ts';

const WATCH_MS = 800;
const MEDIA_MS = 2_500;

const SLOW = { type: 'graph.delay', action: 'connect', delayMs: 500 } as const;
const REFUSED = { type: 'graph.refuse', action: 'connect', code: 138012 } as const;
const LOST = { type: 'graph.timeout', action: 'connect', reset: true } as const;
const SILENT_END = { type: 'webhook.lose', event: 'terminate' } as const;
const NEVER_REACHED = { type: 'ice.never' } as const;
const RINGS = { reply: 'ignore' } as const;
const IN_GENERAL: CallManners = { afterMs: 100 };

/** The number of the environment, its agent, and times that do not keep a test waiting. */
export const ORDINARY_DIALS: Street = {
  what: 'an ordinary number that calls people',
  options: () => ({ policy: { connectWatchMs: WATCH_MS, mediaTimeoutMs: MEDIA_MS } }),
  rows: {
    'dial-cancelled-2': async (house) => {
      const dialled = await house.dial({ ...RINGS, faults: [SLOW] });
      await house.dialler.reached(dialled, 'connect_sent');
      await house.dialler.hangUp(dialled);
      return dialDone(house, dialled, 'connect', 'terminate');
    },
    'dial-cancelled-3': async (house) => {
      const dialled = await house.dial({ faults: [SLOW, REFUSED] });
      await house.dialler.reached(dialled, 'connect_sent');
      await house.dialler.hangUp(dialled);
      return dialDone(house, dialled, 'connect refused');
    },
    'dial-refused': async (house) => dialDone(house, await house.dial({ faults: [REFUSED] }), 'connect refused'),
    'dial-unknown': async (house) => dialDone(house, await house.dial({ faults: [LOST] }), 'connect unanswered'),
    'dial-unknown-late': async (house) => {
      const faults: FaultInput[] = [{ ...LOST, performed: true }];
      const dialled = await house.dial({ ...RINGS, faults, answerAfterMs: WATCH_MS + 300 });
      const phone = await house.dialler.phoneOf(dialled);
      await phone.waitFor('closed', 5_000);
      return dialDone(house, dialled, 'connect unanswered', 'terminate');
    },
    'dial-declined': async (house) => dialDone(house, await house.dial({ reply: 'reject' }), 'connect'),
    'dial-meta-failed': async (house) => {
      const { dialled, phone } = await house.ring({ ...RINGS, faults: [SILENT_END] });
      await house.bridge.post(dialFailed(phone.callId, null));
      return hungUpAfterwards(house, dialled);
    },
    'dial-overtaken': async (house) => {
      const untold = { type: 'webhook.lose', event: 'accepted' } as const;
      return dialDone(house, await house.dial({ faults: [untold], hangUpAfterMs: 300 }), 'connect');
    },
    'dial-overtaken-failed': async (house) => {
      const { dialled, phone } = await house.ring({ ...RINGS, faults: [SILENT_END] });
      await house.bridge.post(dialFailed(phone.callId, Date.now() - 1_000));
      return hungUpAfterwards(house, dialled);
    },
    'dial-cancelled-4': async (house) => {
      const { dialled, agent } = await house.ring(RINGS);
      await house.dialler.hangUp(dialled);
      expect(await agent.hear('end')).toMatchObject({ reason: 'cancelled' });
      return dialDone(house, dialled, 'connect', 'terminate');
    },
    'dial-leg-failed-3': async (house) => {
      const dialled = await house.dial({ ...RINGS, handset: rungImpostor });
      return dialDone(house, dialled, 'connect', 'terminate');
    },
    'dial-agent-failed': async (house) => {
      const dialled = await house.dial(RINGS, { refuseWith: 503 });
      return dialDone(house, dialled, 'connect', 'terminate');
    },
    'dial-agent-declined': async (house) => {
      const { dialled, agent } = await house.ring(RINGS);
      agent.say({ type: 'hangup', reason: 'nobody is to be called now' });
      return dialDone(house, dialled, 'connect', 'terminate');
    },
    'dial-media-timeout': async (house) => {
      const { dialled } = await pickedUp(house);
      return dialDone(house, dialled, 'connect', 'terminate');
    },
    'dial-media-lost': async (house) => {
      const late = { type: 'webhook.hold', event: 'connect', until: 'accepted' } as const;
      const dialled = await house.dial({ reply: 'pick_up', handset: rungImpostor, faults: [late] });
      return dialDone(house, dialled, 'connect', 'terminate');
    },
    'dial-agent-lost': async (house) => {
      const { dialled, agent } = await pickedUp(house);
      agent.drop();
      return dialDone(house, dialled, 'connect', 'terminate');
    },
    'dial-agent-hangup': async (house) => {
      const { dialled, agent } = await pickedUp(house);
      agent.say({ type: 'hangup' });
      return dialDone(house, dialled, 'connect', 'terminate');
    },
    'dial-api-hangup': async (house) => {
      const { dialled } = await pickedUp(house);
      await house.dialler.hangUp(dialled);
      return dialDone(house, dialled, 'connect', 'terminate');
    },
    'dial-user-hangup': async (house) => {
      const { dialled, phone } = await pickedUp(house);
      phone.hangUp();
      return dialDone(house, dialled, 'connect');
    },
    'dial-followed-hangup': async (house) => dialDone(house, await follow(house, { hangUpAfterMs: 200 }), 'connect'),
    'dial-followed-declined': async (house) => dialDone(house, await follow(house, { reply: 'reject' }), 'connect'),
    'dial-followed-never-up': async (house) => {
      const dialled = await follow(house, { ...RINGS, faults: [SILENT_END] });
      const phone = await house.dialler.phoneOf(dialled);
      await house.dialler.reached(dialled, 'ringing');
      await house.bridge.post(dialFailed(phone.callId, null));
      return hungUpAfterwards(house, dialled);
    },
    'dial-followed-meta-failed': async (house) => {
      const dialled = await follow(house, { faults: [SILENT_END] });
      const phone = await house.dialler.phoneOf(dialled);
      await house.dialler.reached(dialled, 'picked_up');
      await house.bridge.post(dialFailed(phone.callId, Date.now() - 1_000));
      return hungUpAfterwards(house, dialled);
    },
    'dial-followed-cancelled': async (house) => {
      const dialled = await follow(house, RINGS);
      await house.dialler.reached(dialled, 'ringing');
      expect(house.bridge.service.hangUp(dialled.id)).toBe(true);
      return dialDone(house, dialled, 'connect', 'terminate');
    },
    'dial-followed-api-hangup': async (house) => {
      const dialled = await follow(house);
      await house.dialler.reached(dialled, 'picked_up');
      expect(house.bridge.service.hangUp(dialled.id)).toBe(true);
      return dialDone(house, dialled, 'connect', 'terminate');
    },
  },
};

/** The user picked up, the agent is there, and the media will not come. */
export async function pickedUp(house: House) {
  const line = await house.ring({ ...IN_GENERAL, faults: [NEVER_REACHED] });
  await house.dialler.reached(line.dialled, 'picked_up');
  await house.dialler.reached(line.dialled, 'agent_ready');
  return line;
}

/** A client of Graph's routes places the call itself. Nobody hears anything, which is not the bridge's to notice. */
export async function follow(house: House, manners: CallManners = {}): Promise<Dialled> {
  const handset: RungHandsetFactory = async () => ({ answer: 'v=0\r\n', pickedUp: () => {}, close: async () => {} });
  const user = await house.dialler.friend({ reply: 'pick_up', ...IN_GENERAL, handset, ...manners });
  const client = await openOfferingLeg(loopback(), new LegLog());
  await client.close();
  const session = { sdp_type: 'offer', sdp: client.localSdp };
  const reply = await house.dialler.graph('calls', {
    messaging_product: 'whatsapp',
    action: 'connect',
    to: user,
    session,
  });
  expect(reply.status).toBe(200);
  const name = (reply.body as { calls: { id: string }[] }).calls[0]?.id ?? '';
  const { body } = await house.bridge.get(`/platform/v1/whatsapp/calls/${name}`);
  return { id: (body as { data: { id: string } }).data.id, user };
}

/** The call is over for the bridge, and only now for the phone. */
async function hungUpAfterwards(house: House, dialled: Dialled) {
  await house.dialler.ended(dialled);
  const phone = await house.dialler.phoneOf(dialled);
  phone.hangUp();
  await delay(50);
  return dialDone(house, dialled, 'connect');
}
