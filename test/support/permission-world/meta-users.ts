import type { Pair, PermissionJudge, PermissionReply, RequestAnswer } from '../../../src/simulator/index.ts';
import {
  permissionReplyValue,
  restrictionValue,
  textMessageValue,
} from '../../../src/simulator/permissions/permission-webhooks.ts';
import type { Fact } from './facts.ts';
import type { MetaCallsOptions } from './meta-calls.ts';
import { numberOf, personOf } from './people.ts';

interface TakenRequest {
  readonly pair: Pair;
  readonly id: string;
  readonly at: number;
  /** It was, or a newer one. */
  answered: boolean;
}

/** What users do besides calls, and what Meta does with a number. */
export class MetaUsers {
  /** Requests that Meta took, newest first. */
  readonly requests: TakenRequest[] = [];
  readonly #options: MetaCallsOptions;
  #messages = 0;

  constructor(options: MetaCallsOptions) {
    this.#options = options;
  }

  /** A request reaches its user. */
  ask(pair: Pair, id: string): void {
    this.requests.unshift({ pair, id, at: this.#options.clock.now(), answered: false });
  }

  /** Answers the newest request, or one before it. False if there is none that can be answered. */
  answer(pair: Pair, answer: RequestAnswer, back = 0): boolean {
    const { judge, facts, clock } = this.#options;
    const theirs = this.requests.filter(({ pair: of }) => isSame(of, pair));
    const request = theirs[back % Math.max(1, theirs.length)];
    const reply = request === undefined ? null : judge.answer(pair, request.id, answer);
    if (request === undefined || reply === null) return false;
    for (const older of theirs.slice(theirs.indexOf(request))) older.answered = true;
    const at = clock.now();
    const kind = answer === 'accept' ? 'temporary' : 'permanent';
    const said = facts.add({
      at,
      pair,
      shown: true,
      apply: (other) => (answer === 'reject' ? void other.revoke(pair) : void other.grant(pair, kind)),
    });
    this.#tell(reply, [said, this.#written(pair)]);
    return true;
  }

  /** On the profile of the business. */
  grant(pair: Pair, kind: 'temporary' | 'permanent'): void {
    const { judge, facts, clock } = this.#options;
    const reply = judge.grant(pair, kind);
    const apply = (other: PermissionJudge) => void other.grant(pair, kind);
    this.#tell(reply, [facts.add({ at: clock.now(), pair, shown: true, apply })]);
  }

  /** `tell`: Meta says so, which it may not (meta-calling.md §3.7). */
  revoke(pair: Pair, tell: boolean): void {
    const { judge, facts, clock } = this.#options;
    const reply = judge.revoke(pair);
    const revoked = facts.add({ at: clock.now(), pair, shown: true, apply: (other) => void other.revoke(pair) });
    if (tell) this.#tell(reply, [revoked]);
  }

  write(pair: Pair): void {
    const { judge, post, clock } = this.#options;
    judge.message(pair);
    const value = textMessageValue(numberOf(pair), personOf(pair), 'Hello', this.#messageId(), clock.now());
    post.send(value, 'messages', [this.#written(pair)]);
  }

  /** WhatsApp pauses the calls of the pair's number. */
  restrict(pair: Pair, end: number): void {
    // Webhooks tell whole seconds.
    const until = Math.floor(end / 1_000) * 1_000;
    const { judge, facts, post, clock } = this.#options;
    const settings = { restrictedUntil: until };
    judge.configure(pair.phoneNumberId, settings);
    const apply = (other: PermissionJudge) => other.configure(pair.phoneNumberId, settings);
    post.send(restrictionValue(numberOf(pair), until), 'account_update', [facts.add({ at: clock.now(), pair, apply })]);
  }

  #written(pair: Pair): Fact {
    const { facts, clock } = this.#options;
    return facts.add({ at: clock.now(), pair, apply: (other) => other.message(pair) });
  }

  #tell(reply: PermissionReply, tells: readonly Fact[]): void {
    const value = permissionReplyValue(numberOf(reply), personOf(reply), reply, this.#messageId());
    this.#options.post.send(value, 'messages', tells);
  }

  #messageId(): string {
    this.#messages += 1;
    return `wamid.user.${this.#messages}`;
  }
}

export function isSame(one: Pair, other: Pair): boolean {
  return one.user === other.user && one.phoneNumberId === other.phoneNumberId;
}
