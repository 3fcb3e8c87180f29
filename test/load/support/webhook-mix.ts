import { randomBytes } from 'node:crypto';
import { signMeta } from '../../../src/signaling/index.ts';
import { offerSdp } from '../../support/offer-sdp.ts';

/** One POST to the bridge, ready to be sent: nothing is left to compute while time is taken. */
export interface PreparedWebhook {
  readonly body: Buffer;
  readonly signature: string;
  /** The bytes of an earlier one of the same run. */
  readonly isCopy: boolean;
}

export interface MixOptions {
  readonly count: number;
  readonly appSecret: string;
  readonly phoneNumberId: string;
}

const BODY_BYTES = 3_000;
/** Long enough that the bridge does not ring the call (CallPolicy.maxOfferAgeMs is 45 s). */
const STALE_SECONDS = 120;
const OFFER = offerSdp();

/**
 * In turn: the terminate of a call that nobody knows, a connect that is too late to ring (it is recorded and rejected
 * through Graph), and a copy of one of the webhooks before it. Bodies are padded to 3 kB by a field that nobody reads.
 */
export function webhookMix(options: MixOptions): PreparedWebhook[] {
  const mix: PreparedWebhook[] = [];
  for (let index = 0; index < options.count; index += 1) {
    const earlier = mix[Math.floor(Math.random() * mix.length)];
    if (index % 3 === 2 && earlier !== undefined) {
      mix.push({ ...earlier, isCopy: true });
      continue;
    }
    const body = webhook(options.phoneNumberId, index % 3 === 0 ? terminate() : staleConnect());
    mix.push({ body, signature: signMeta(options.appSecret, body), isCopy: false });
  }
  return mix;
}

function webhook(phoneNumberId: string, call: Readonly<Record<string, unknown>>): Buffer {
  const value = {
    messaging_product: 'whatsapp',
    metadata: { display_phone_number: '15550001111', phone_number_id: phoneNumberId },
    contacts: [{ profile: { name: 'Ana', username: '@ana' }, wa_id: '15550002222', user_id: 'US.1349000001' }],
    calls: [call],
    padding: '',
  };
  const envelope = {
    object: 'whatsapp_business_account',
    entry: [{ id: '100000000000001', changes: [{ field: 'calls', value }] }],
  };
  const missing = BODY_BYTES - Buffer.byteLength(JSON.stringify(envelope));
  value.padding = randomBytes(Math.max(0, Math.ceil(missing / 2))).toString('hex');
  return Buffer.from(JSON.stringify(envelope));
}

function terminate() {
  const now = Math.floor(Date.now() / 1_000);
  return {
    ...someCall('terminate', now),
    start_time: String(now - 20),
    end_time: String(now - 2),
    duration: 18,
    status: 'COMPLETED',
  };
}

function staleConnect() {
  const at = Math.floor(Date.now() / 1_000) - STALE_SECONDS;
  return { ...someCall('connect', at), session: { sdp: OFFER, sdp_type: 'offer' } };
}

function someCall(event: 'connect' | 'terminate', timestamp: number) {
  return {
    id: `wacid.${randomBytes(24).toString('base64url')}`,
    from: '15550002222',
    from_user_id: 'US.1349000001',
    to: '15550001111',
    event,
    timestamp: String(timestamp),
    direction: 'USER_INITIATED',
  };
}
