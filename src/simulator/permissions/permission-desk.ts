import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { CallDiary } from '../call-diary.ts';
import { FaultScript } from '../fault-script.ts';
import type { Fault } from '../faults.ts';
import { graphError } from '../graph-errors.ts';
import type { GraphTarget, MessageRequest } from '../graph-requests.ts';
import type { GraphOutcome } from '../graph-server.ts';
import { MannersBook, type RequestManners } from '../manners.ts';
import type { UserDirectory, UserName } from '../user-directory.ts';
import { type WebhookField, webhookBody } from '../webhook-body.ts';
import { WebhookCourier } from '../webhook-courier.ts';
import type { WebhookAttempt } from '../webhook-sender.ts';
import type { WebhookValue } from '../webhooks.ts';
import type { PermissionJudge } from './permission-judge.ts';
import type { PermissionReply } from './permission-reply.ts';
import {
  type BusinessNumber,
  permissionReplyValue,
  restrictionValue,
  settingsValue,
  textMessageValue,
} from './permission-webhooks.ts';
import { type Refusal, refusalDetails } from './refusal.ts';

export interface PermissionDeskOptions {
  readonly judge: PermissionJudge;
  readonly users: UserDirectory;
  readonly numbers: readonly BusinessNumber[];
  readonly businessAccountId: string;
  /** Null: every template asks for permission. */
  readonly permissionTemplates: readonly string[] | null;
  readonly faults: readonly Fault[];
  readonly now: () => number;
  readonly deliver: (body: Buffer) => Promise<readonly WebhookAttempt[]>;
  /** Aborted when nothing is answered any more. */
  readonly signal: AbortSignal;
}

/** Messages and permissions: what the business sends, what users answer, and the webhooks of both (meta-calling.md §3.7). */
export class PermissionDesk {
  readonly manners = new MannersBook<RequestManners>({ reply: 'ignore' });
  /** Faults of requests that are not about a call. */
  readonly script: FaultScript;
  readonly #options: PermissionDeskOptions;

  constructor(options: PermissionDeskOptions) {
    this.#options = options;
    this.script = new FaultScript(options.faults);
  }

  /** `POST messages`. A permission request is answered by the user as the manners say. */
  takeMessage(phoneNumberId: string, request: MessageRequest): GraphOutcome {
    const { judge } = this.#options;
    const { key } = this.#options.users.know(request.to.waId ?? request.to.userId ?? '');
    const messageId = newMessageId();
    const kind = this.#asksFor(request);
    if (kind !== null) {
      const refusal = judge.takeRequest({ phoneNumberId, user: key }, kind, messageId);
      if (refusal !== null) return refused(refusal);
      void this.#letAnswer(phoneNumberId, key, messageId);
    }
    return { ok: true, body: messageTaken(request.to, messageId) };
  }

  /** `GET call_permissions`. */
  report(phoneNumberId: string, to: GraphTarget): GraphOutcome {
    const { key } = this.#options.users.know(to.waId ?? to.userId ?? '');
    const report = this.#options.judge.readReport({ phoneNumberId, user: key });
    return 'code' in report ? refused(report) : { ok: true, body: report };
  }

  /** The user allows calls on the profile of the business. Resolves when the webhook is settled. */
  grant(name: UserName, kind: 'temporary' | 'permanent', number: BusinessNumber): Promise<void> {
    const { key } = this.#options.users.know(name);
    return this.tell(this.#options.judge.grant({ phoneNumberId: number.phoneNumberId, user: key }, kind));
  }

  /** The user takes it back there. Whether Meta tells is not known (meta-calling.md §3.7). */
  async revoke(name: UserName, tell: boolean, number: BusinessNumber): Promise<void> {
    const { key } = this.#options.users.know(name);
    const reply = this.#options.judge.revoke({ phoneNumberId: number.phoneNumberId, user: key });
    if (!tell) return;
    this.#options.judge.message(reply);
    await this.tell(reply);
  }

  /** The user writes. Resolves when the webhook is settled. */
  async message(name: UserName, text: string, number: BusinessNumber): Promise<void> {
    const { judge, users, now } = this.#options;
    const { key, user } = users.know(name);
    judge.message({ phoneNumberId: number.phoneNumberId, user: key });
    await this.#send('messages', textMessageValue(number, user, text, newMessageId(), now()));
  }

  /** WhatsApp pauses the calls of a number for low quality. Resolves when the webhook is settled. */
  async restrict(until: number, number: BusinessNumber): Promise<void> {
    this.#options.judge.configure(number.phoneNumberId, { restrictedUntil: until });
    await this.#send('account_update', restrictionValue(number, until));
  }

  /** Calling is switched on or off in the settings of a number. Resolves when the webhook is settled. */
  async switchCalling(on: boolean, number: BusinessNumber): Promise<void> {
    const { judge, now } = this.#options;
    judge.configure(number.phoneNumberId, { calling: on });
    await this.#send('account_settings_update', settingsValue(number, on, now()));
  }

  /** Says by webhook what a user, or WhatsApp, decided; through the faults. Resolves when all copies are settled. */
  async tell(reply: PermissionReply): Promise<void> {
    const { businessAccountId, deliver, faults, signal, users } = this.#options;
    const courier = new WebhookCourier({
      script: new FaultScript(faults),
      diary: new CallDiary(),
      deliver: (values) => deliver(webhookBody(businessAccountId, values, 'messages')),
      signal,
    });
    const { user } = users.know(reply.user);
    const value = permissionReplyValue(this.#number(reply.phoneNumberId), user, reply, newMessageId());
    await courier.send('permission_reply', value);
  }

  async #letAnswer(phoneNumberId: string, user: string, requestId: string): Promise<void> {
    const { reply, afterMs = 300 } = this.manners.of(user);
    if (reply === 'ignore') return;
    const decided = typeof reply === 'function' ? await reply(requestId) : reply;
    if (decided === reply) await sleep(afterMs, undefined, { signal: this.#options.signal }).catch(() => {});
    if (this.#options.signal.aborted) return;
    const answer = this.#options.judge.answer({ phoneNumberId, user }, requestId, decided);
    if (answer !== null) await this.tell(answer);
  }

  #asksFor({ kind, templateName }: MessageRequest): 'free_form' | 'template' | null {
    switch (kind) {
      case 'permission_request':
        return 'free_form';
      case 'template':
        return this.#options.permissionTemplates?.includes(templateName ?? '') === false ? null : 'template';
      case 'other':
        return null;
      default:
        return kind satisfies never;
    }
  }

  async #send(field: WebhookField, value: WebhookValue): Promise<void> {
    const { businessAccountId, deliver, now } = this.#options;
    const time = field === 'account_update' ? now() : null;
    await deliver(webhookBody(businessAccountId, [value], field, time));
  }

  #number(phoneNumberId: string): BusinessNumber {
    const number = this.#options.numbers.find((each) => each.phoneNumberId === phoneNumberId);
    return number ?? { phoneNumberId, displayPhoneNumber: '' };
  }
}

/** The judge's refusal, as Graph words it. */
export function refused(refusal: Refusal): GraphOutcome {
  return { ok: false, error: graphError(refusal.code, refusalDetails(refusal)) };
}

function newMessageId(): string {
  return `wamid.${randomBytes(24).toString('base64url')}`;
}

/** How Graph answers a message that it took (meta-calling.md §2.4). */
function messageTaken({ waId, userId }: GraphTarget, id: string): unknown {
  return {
    messaging_product: 'whatsapp',
    contacts: [{ input: waId ?? userId, ...(waId === null ? { user_id: userId } : { wa_id: waId }) }],
    messages: [{ id }],
  };
}
