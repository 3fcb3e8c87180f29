import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/simulator/network/random.ts';
import { PHONE_NUMBER_ID } from '../support/bridge.ts';
import { deliveryLog, expectAgreement, expectSigned, hasPending } from '../support/event-books.ts';
import { EventReceiver, type Receipt, type Whim } from '../support/event-receiver.ts';
import { EventService } from '../support/event-service.ts';
import { offerSdp } from '../support/offer-sdp.ts';

const CALLS = 1_000;
const KILLS = 8;
/** Calls that go on at a time. */
const AT_ONCE = 24;
/** To one receiver at once, and there are two webhooks: what a kill can take from the log. */
const UNDER_WAY = 2 * 32;
const SEED = Number(process.env['TALKWIRE_CRASH_SEED'] ?? Date.now() % 1_000_000);
const EVENTS = ['received', 'answered', 'ended', 'failed'].map((name) => `whatsapp.call.${name}`);
const SDP = offerSdp();

/** The last ones keep everything waiting for long, so they end when the calls are over. */
const WHIMS: readonly (readonly [Whim, number])[] = [
  ['error', 0.08],
  ['slow', 0.04],
  ['dies_before', 0.03],
  ['dies_within', 0.03],
  ['busy', 0.001],
  ['hangs', 0.001],
];

interface Made {
  readonly data: { readonly id: string; readonly secret_key: string; readonly standing: { readonly state: string } };
}

/** One webhook of Meta's on a call of a user of its own. */
function webhook(n: number, event: 'connect' | 'terminate'): string {
  const now = Math.floor(Date.now() / 1_000);
  const call = { id: `wacid.E${n}`, from: `1555${1_000_000 + n}`, to: '15550001111', event, timestamp: String(now) };
  const more =
    event === 'connect'
      ? { direction: 'USER_INITIATED', session: { sdp_type: 'offer', sdp: SDP } }
      : { direction: 'USER_INITIATED', status: 'COMPLETED' };
  const metadata = { display_phone_number: '15550001111', phone_number_id: PHONE_NUMBER_ID };
  const value = { messaging_product: 'whatsapp', metadata, calls: [{ ...call, ...more }] };
  const changes = [{ field: 'calls', value }];
  return JSON.stringify({ object: 'whatsapp_business_account', entry: [{ id: '1', changes }] });
}

/** Asks now and then. */
async function until(done: () => Promise<boolean>, timeoutMs: number): Promise<void> {
  const end = Date.now() + timeoutMs;
  do {
    if (Date.now() > end) throw new Error(`not within ${timeoutMs} ms`);
    await sleep(200);
  } while (!(await done()));
}

/** The order in which a receiver first heard of each event, by what they are ordered by. */
function expectOrder(
  receipts: readonly Receipt[],
  keyOf: (receipt: Receipt) => string,
  placeOf: (receipt: Receipt) => number,
) {
  for (const [key, own] of Map.groupBy(receipts, keyOf)) {
    let place = -1;
    let isTaken = true;
    for (const receipt of own) {
      const next = placeOf(receipt);
      // The next one only comes when this one was taken, and this one never again after it.
      if (next > place) expect(isTaken, `${key} was sent on before its event was taken`).toBe(true);
      expect(next, `${key} went back`).toBeGreaterThanOrEqual(place);
      isTaken = next > place ? receipt.taken : isTaken || receipt.taken;
      place = next;
    }
  }
}

describe('with a receiver that is down, slow, failing and dying, and a service that is killed with -9', () => {
  it(`every event of ${CALLS} calls arrives, signed, in order of its call, and both logs agree`, {
    timeout: 240_000,
    // An event that is lost once is lost.
    retry: 0,
  }, async () => {
    const random = seededRandom(SEED, 'events').next;
    let calm = false;
    const receiver = await EventReceiver.start(() => {
      let share = random();
      for (const [whim, part] of calm ? WHIMS.slice(0, 4) : WHIMS) {
        share -= part;
        if (share < 0) return whim;
      }
      return 'taken';
    });
    const service = await EventService.start();
    try {
      const base = `http://127.0.0.1:${receiver.port}`;
      const path = `/platform/v1/whatsapp/phone_numbers/${PHONE_NUMBER_ID}/webhooks`;
      const kapso = await service.ask<Made>(path, 'POST', { url: `${base}/kapso`, events: EVENTS });
      const meta = await service.ask<Made>(path, 'POST', { url: `${base}/meta`, kind: 'meta' });
      const sent = new Set<string>();

      let next = 0;
      const post = async (body: string) => {
        sent.add(body);
        await service.deliver(body);
      };
      const placeCalls = async () => {
        for (let n = next++; n < CALLS; n = next++) {
          await post(webhook(n, 'connect'));
          await sleep(random() * 200);
          await post(webhook(n, 'terminate'));
        }
      };
      let over = false;
      // At random points: in turn of time, which is while calls come, and of what has reached the receiver.
      const disturb = async () => {
        for (let n = 0; n < KILLS; n++) {
          const enough = receiver.log.length + random() * ((8 * CALLS) / KILLS);
          if (n % 2 === 0) await sleep(200 + random() * 1_500);
          else while (receiver.log.length < enough) await sleep(10);
          if (n % 3 === 1) await receiver.isDownFor(300 + random() * 900);
          await service.killAndRestart();
        }
      };
      const watch = async () => {
        for (; !over; await sleep(150)) {
          for (const { data } of [kapso, meta]) {
            const now = await service.ask<Made>(`/platform/v1/whatsapp/webhooks/${data.id}`);
            if (now.data.standing.state !== 'paused') continue;
            await service.ask(`/platform/v1/whatsapp/webhooks/${data.id}`, 'PATCH', { active: true });
          }
        }
      };
      const watching = watch();
      await Promise.all([disturb(), ...Array.from({ length: AT_ONCE }, placeCalls)]);
      calm = true;
      const isDone = async () => (await callsOver(service)) === CALLS && !(await hasPending(service));
      // Twice: a webhook of Meta's is handed on beside what it does to its call.
      for (let n = 0; n < 2; n++) await until(isDone, 90_000);
      over = true;
      await watching;

      const log = await deliveryLog(service);
      const told = log
        .filter(({ event }) => event !== 'meta')
        .map((each) => ({ ...each, call: JSON.parse(each.payload).call }));
      const byCall = Map.groupBy(told, ({ ordering_key }) => ordering_key);
      expect(byCall.size).toBe(CALLS);
      for (const events of byCall.values()) {
        const names = events.map(({ event }) => event.slice('whatsapp.call.'.length));
        const last = events.at(-1)?.call;
        expect(['ended', 'failed']).toContain(names.at(-1));
        expect(names.slice(0, -1)).toEqual(last.session_started_at === null ? ['received'] : ['received', 'answered']);
        expect(last.ending).not.toBeNull();
      }
      expect(told.filter(({ event }) => event.endsWith('.answered')).length).toBeGreaterThan(CALLS / 10);
      const raw = log.filter(({ event }) => event === 'meta');
      expect(new Set(raw.map(({ payload }) => payload))).toEqual(sent);
      expect(log.every(({ status }) => status === 'delivered')).toBe(true);

      const [ours, metas] = ['/kapso', '/meta'].map((at) => receiver.log.filter((receipt) => receipt.path === at));
      for (const receipt of ours!) expectSigned(receipt, kapso.data.secret_key);
      for (const receipt of metas!) expectSigned(receipt, meta.data.secret_key);
      const call = ({ body }: Receipt) => JSON.parse(body.toString('utf8'));
      expectOrder(
        ours!,
        (receipt) => call(receipt).call.id,
        (receipt) => ORDER.indexOf(call(receipt).type.split('.')[2]),
      );
      const inMeta = (receipt: Receipt) => call(receipt).entry[0].changes[0].value.calls[0];
      expectOrder(
        metas!,
        (receipt) => inMeta(receipt).id,
        (receipt) => (inMeta(receipt).event === 'connect' ? 0 : 1),
      );
      const { unlogged } = expectAgreement(log, receiver.log);
      expect(unlogged).toBeLessThanOrEqual((service.kills + receiver.downs) * UNDER_WAY);
      expect(receiver.log.length).toBeGreaterThan(log.length);
    } catch (fault) {
      throw new Error(`TALKWIRE_CRASH_SEED=${SEED}: ${(fault as Error).message}`, { cause: fault });
    } finally {
      await service.close();
      await receiver.close();
    }
  });
});

const ORDER = ['received', 'answered', 'ended', 'failed'];

async function callsOver(service: EventService): Promise<number> {
  const counted = ['completed', 'failed'].map(async (status) => {
    const page = `/platform/v1/whatsapp/calls?status=${status}&page=1&per_page=1`;
    return (await service.ask<{ meta: { total_count: number } }>(page)).meta.total_count;
  });
  return (await Promise.all(counted)).reduce((sum, count) => sum + count, 0);
}
