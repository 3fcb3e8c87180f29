import { describe, expect, it, onTestFinished } from 'vitest';
import { createInboxWorker, type ForwardedWebhook, type RawWebhook } from '../../../src/signaling/index.ts';
import { MemoryInbox } from '../../support/memory-inbox.ts';
import { settle, VirtualClock } from '../../support/virtual-clock.ts';
import {
  callsWebhook,
  messagesWebhook,
  OUR_NUMBER,
  ourDirectory,
  restrictionWebhook,
  webhookBytes,
} from '../../support/webhook.ts';

/** What is handed on of these webhooks, and what the calls heard of them. */
async function handedOn(
  bodies: readonly unknown[],
  more: { wants?: (number: string) => boolean; take?: () => Promise<void>; speaksFor?: readonly string[] } = {},
) {
  const { wants = () => true, take = async () => {}, speaksFor } = more;
  const inbox = new MemoryInbox();
  const parts: ForwardedWebhook[] = [];
  const worker = createInboxWorker({
    inbox,
    clock: new VirtualClock(),
    sink: { handle: take, written: async () => {} },
    permissions: { handle: async () => {} },
    accounts: { handle: async () => {} },
    forwarder: { wants, forward: async (some) => void parts.push(...some) },
    directory: ourDirectory(),
  });
  onTestFinished(() => worker.stop());
  for (const [n, body] of bodies.entries()) {
    const bytes = Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
    const webhook: RawWebhook = { receivedAt: n, source: 'meta', deliveryKey: String(n), body: bytes };
    await inbox.store({ ...webhook, ...(speaksFor !== undefined && { speaksFor }) });
  }
  worker.start();
  for (let turn = 0; turn < 30; turn++) await settle();
  return { parts, inbox };
}

describe("Meta's webhooks are handed on", () => {
  it('as the very bytes, with the number and the call that they are about', async () => {
    const bytes = webhookBytes('connect-inbound');
    const { parts } = await handedOn([bytes]);
    expect(parts).toEqual([{ phoneNumberId: OUR_NUMBER, callId: 'wacid.IN1', body: bytes.toString('utf8') }]);
  });

  it('of every field, understood or not, and with what belongs to no call', async () => {
    const bodies = [
      messagesWebhook({ messages: [{ id: 'wamid.1', type: 'text' }] }),
      restrictionWebhook('RESTRICTED_BUSINESS_INITIATED_CALLING', null),
      webhookBytes('call-created'),
      webhookBytes('call-recording-available'),
    ];
    const { parts } = await handedOn(bodies);
    expect(parts.map(({ callId }) => callId)).toEqual([null, null, expect.any(String), 'wacid.IN1']);
    for (const { phoneNumberId } of parts) expect(phoneNumberId).toBe(OUR_NUMBER);
  });

  it('whatever becomes of their events', async () => {
    const terminate = callsWebhook({ calls: [{ id: 'wacid.X', event: 'terminate' }] });
    const take = async () => {
      throw new Error('nobody takes it');
    };
    const { parts, inbox } = await handedOn([terminate], { take });
    expect(parts).toHaveLength(1);
    expect(inbox.outcomes.size).toBe(0);
  });

  it('only to numbers that want them, are ours, and that the sender may speak for', async () => {
    const body = webhookBytes('connect-inbound');
    expect((await handedOn([body], { wants: () => false })).parts).toEqual([]);
    expect((await handedOn([webhookBytes('foreign-number')])).parts).toEqual([]);
    expect((await handedOn([body], { speaksFor: ['999'] })).parts).toEqual([]);
    expect((await handedOn([body], { speaksFor: [OUR_NUMBER] })).parts).toHaveLength(1);
  });
});
