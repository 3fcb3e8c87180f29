import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { API_KEY } from './bridge.ts';
import type { DialPlan } from './dial-plan.ts';
import { offerSdp } from './offer-sdp.ts';

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

const CALLS = '/platform/v1/whatsapp/calls';

/** A program that has calls placed by a service that may die under it. */
export class DialClient {
  readonly #url: () => string | null;
  readonly #agent = new Agent({ keepAliveTimeout: 1_000 });
  #closed = false;

  /** @param url of the service that runs now; null while none does */
  constructor(url: () => string | null) {
    this.#url = url;
  }

  /** Places a call. Null if the service died before its answer came. */
  async dial(plan: DialPlan): Promise<Answer | null> {
    const { via } = plan;
    if (via.route === 'platform') return await this.#post(CALLS, platformBody(plan), via.key);
    return await this.#post(`/meta/whatsapp/v24.0/${plan.phoneNumberId}/calls`, graphBody(plan), null);
  }

  /** Says the same again, byte for byte, until there is an answer that is not "busy". */
  async dialAgain(plan: DialPlan): Promise<Answer> {
    for (;;) {
      const answer = await this.dial(plan);
      if (answer !== null && answer.status !== 409) return answer;
      if (this.#closed) throw new Error('the client is closed');
      await sleep(20);
    }
  }

  /** Ends a call by our own id, or gives it up. Null as for `dial`. */
  async hangUp(id: string): Promise<Answer | null> {
    return await this.#post(`${CALLS}/${id}/hangup`, {}, null);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#agent.destroy();
  }

  async #post(path: string, body: object, key: string | null): Promise<Answer | null> {
    for (;;) {
      const url = this.#url();
      if (url !== null) {
        try {
          const response = await request(`${url}${path}`, {
            method: 'POST',
            dispatcher: this.#agent,
            headers: {
              'content-type': 'application/json',
              'x-api-key': API_KEY,
              ...(key !== null && { 'idempotency-key': key }),
            },
            body: JSON.stringify(body),
          });
          return { status: response.statusCode, body: await response.body.json() };
        } catch (fault) {
          // Only what certainly was not read may be sent again.
          if ((fault as { code?: unknown }).code !== 'ECONNREFUSED') return null;
        }
      }
      if (this.#closed) throw new Error('the client is closed');
      await sleep(5);
    }
  }
}

/** Our own id in the answer to a call of our own API; null if it was refused. */
export function idIn(answer: Answer | null): string | null {
  const { data } = (answer?.body ?? {}) as { data?: { id?: string } };
  return answer?.status === 202 ? (data?.id ?? null) : null;
}

function platformBody({ phoneNumberId, waId, permission }: DialPlan): object {
  const asked = {
    granted: 'require',
    free_form: 'ask',
    template: { template: { name: 'may_we_call', language: 'en' } },
  };
  return { phone_number_id: phoneNumberId, to: waId, permission: asked[permission] };
}

function graphBody({ waId, via }: DialPlan): object {
  const session = { sdp_type: 'offer', sdp: offerSdp() };
  const owned = via.route === 'client' ? { session, biz_opaque_callback_data: via.data } : {};
  return { messaging_product: 'whatsapp', to: waId, action: 'connect', ...owned };
}
