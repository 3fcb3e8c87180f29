import type { RequestAnswer } from '../permissions/permission-reply.ts';
import type { SimulatedWhatsApp } from '../whatsapp.ts';
import type { PageLine } from './page-line.ts';

/** What a page hears about its user, besides calls. */
export type ProfileEvent =
  /** Numbers as digits; `expiresAt` in Unix milliseconds. */
  | {
      readonly type: 'profile';
      readonly user: string;
      readonly business: string;
      readonly permission: 'no_permission' | 'temporary' | 'permanent';
      readonly expiresAt: number | null;
    }
  /** The business asks for permission to call. */
  | { readonly type: 'asked'; readonly id: string }
  | { readonly type: 'answered'; readonly id: string }
  /** The business calls: the page is to answer this offer. */
  | { readonly type: 'incoming'; readonly id: string; readonly sdp: string }
  /** Another page is this phone now. Nothing comes after it. */
  | { readonly type: 'replaced' };

export type PermissionStatus = 'no_permission' | 'temporary' | 'permanent';

/** The user of the page as WhatsApp knows them: who may call, and who asks. One page at a time is the phone. */
export class PageProfile {
  readonly #whatsapp: SimulatedWhatsApp;
  readonly #waId: string;
  readonly #requests = new Map<string, (answer: RequestAnswer) => void>();
  #line: PageLine<ProfileEvent> | null = null;

  constructor(whatsapp: SimulatedWhatsApp, waId: string) {
    this.#whatsapp = whatsapp;
    this.#waId = waId;
  }

  /** Whether a page is open. */
  get open(): boolean {
    return this.#line !== null;
  }

  /** A page was opened. What waits for the person waits there. */
  connect(line: PageLine<ProfileEvent>): void {
    this.#line?.end({ type: 'replaced' });
    this.#line = line;
    line.onClosed(() => {
      if (this.#line === line) this.#line = null;
    });
    this.refresh();
    for (const id of this.#requests.keys()) line.tell({ type: 'asked', id });
  }

  tell(event: ProfileEvent): void {
    this.#line?.tell(event);
  }

  /** Shows the permission as it is now. */
  refresh(): void {
    const [number] = this.#whatsapp.numbers;
    if (number === undefined) return;
    const { phoneNumberId, displayPhoneNumber: business } = number;
    const { status, expiresAt } = this.#whatsapp.judge.permission({ phoneNumberId, user: this.#waId });
    this.tell({ type: 'profile', user: this.#waId, business, permission: status, expiresAt });
  }

  /** The business asks. Resolves when the person has answered, with or without a page that is open now. */
  ask(id: string): Promise<RequestAnswer> {
    return new Promise((resolve) => {
      this.#requests.set(id, resolve);
      this.tell({ type: 'asked', id });
    });
  }

  /** False if nothing of this id waits. */
  answer(id: string, answer: RequestAnswer): boolean {
    const resolve = this.#requests.get(id);
    if (resolve === undefined) return false;
    this.#requests.delete(id);
    resolve(answer);
    this.tell({ type: 'answered', id });
    // WhatsApp writes it down first.
    setImmediate(() => this.refresh());
    return true;
  }

  /** Allows or forbids calls on the profile of the business. Resolves when the business was told. */
  async permit(status: PermissionStatus): Promise<void> {
    const told =
      status === 'no_permission'
        ? this.#whatsapp.revoke(this.#waId, { tell: true })
        : this.#whatsapp.grant(this.#waId, status);
    this.refresh();
    await told;
  }
}
