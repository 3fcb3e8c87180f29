import { PHONE_NUMBER_ID } from '../../support/bridge.ts';
import { callsWebhook } from '../../support/webhook.ts';

const NUMBER = { display_phone_number: '15550001111', phone_number_id: PHONE_NUMBER_ID };

export function connectWithAnswer(id: string): unknown {
  const call = { id, from: '15550002222', event: 'connect', direction: 'USER_INITIATED', timestamp: seconds() };
  return callsWebhook({
    metadata: NUMBER,
    calls: [{ ...call, session: { sdp_type: 'answer', sdp: 'v=0\r\n' } }],
  });
}

/** Meta says that the call failed before it was picked up. */
export function terminateFailed(id: string): unknown {
  const errors = [{ code: 138021, title: 'Client received no media' }];
  const call = { id, from: '15550002222', event: 'terminate', direction: 'USER_INITIATED', timestamp: seconds() };
  return callsWebhook({ metadata: NUMBER, calls: [{ ...call, status: 'FAILED', errors }], errors });
}

/** The same of a call that we placed; with `startedAt` (Unix milliseconds) it was picked up before. */
export function dialFailed(id: string, startedAt: number | null): unknown {
  const errors = [{ code: 138021, title: 'Client received no media' }];
  const call = { id, to: '15550002222', event: 'terminate', direction: 'BUSINESS_INITIATED', timestamp: seconds() };
  const start = startedAt === null ? {} : { start_time: String(Math.floor(startedAt / 1_000)) };
  return callsWebhook({ metadata: NUMBER, calls: [{ ...call, ...start, status: 'FAILED', errors }], errors });
}

function seconds(): string {
  return String(Math.floor(Date.now() / 1_000));
}
