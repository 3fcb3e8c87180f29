import { randomBytes } from 'node:crypto';
import type { CallWorld } from './call-frame.ts';
import { CallRegister } from './call-register.ts';
import { type Fault, parseFaults } from './faults.ts';
import { PermissionDesk } from './permissions/permission-desk.ts';
import { PermissionJudge } from './permissions/permission-judge.ts';
import type { BusinessNumber } from './permissions/permission-webhooks.ts';
import { UserDirectory } from './user-directory.ts';
import { webhookBody } from './webhook-body.ts';
import type { WebhookSender } from './webhook-sender.ts';
import { numbersOf, type ResolvedOptions } from './whatsapp-options.ts';

/** What the calls of both directions share: the books, the users, the numbers, the way out for webhooks. */
export class Office {
  readonly options: ResolvedOptions;
  readonly faults: readonly Fault[];
  readonly numbers: readonly BusinessNumber[];
  readonly register = new CallRegister();
  readonly users = new UserDirectory();
  readonly judge: PermissionJudge;
  readonly permissions: PermissionDesk;
  readonly #sender: WebhookSender;
  readonly #signal: AbortSignal;

  /** @param isReachable whether a user, by key, can be called at all */
  constructor(
    options: ResolvedOptions,
    sender: WebhookSender,
    signal: AbortSignal,
    isReachable: (user: string) => boolean,
  ) {
    const { now, limits, businessAccountId, permissionTemplates } = options;
    this.options = options;
    this.faults = parseFaults(options.faults);
    this.numbers = numbersOf(options);
    this.#sender = sender;
    this.#signal = signal;
    this.judge = new PermissionJudge({ now, limits, isReachable });
    this.permissions = new PermissionDesk({
      judge: this.judge,
      users: this.users,
      numbers: this.numbers,
      businessAccountId,
      permissionTemplates,
      faults: this.faults,
      now,
      signal,
      deliver: (body) => sender.deliver(body),
    });
  }

  /** The number of this id, or the first. Throws an Error if there is none. */
  number(phoneNumberId?: string): BusinessNumber {
    const number = this.numbers.find((each) => phoneNumberId === undefined || each.phoneNumberId === phoneNumberId);
    if (number === undefined) throw new Error(`There is no number ${phoneNumberId}.`);
    return number;
  }

  /** The world of one call, which is in the register as long as it lives. */
  world(callId: string): CallWorld {
    return {
      signal: this.#signal,
      now: this.options.now,
      deliver: (values) => this.#sender.deliver(webhookBody(this.options.businessAccountId, values)),
      onPickedUp: () => this.judge.pickedUp(callId),
      onEnded: () => {
        const after = this.judge.ended(callId);
        if (after === null) return;
        this.register.get(callId)?.diary.note(`permission.${after.type}`);
        if (after.type === 'revoked') void this.permissions.tell(after.reply);
      },
      onClosed: () => this.register.closed(callId),
    };
  }
}

export function newCallId(): string {
  return `wacid.${randomBytes(24).toString('base64url')}`;
}
