import { type Pair, PermissionJudge } from '../../../src/simulator/index.ts';

type Limits = NonNullable<ConstructorParameters<typeof PermissionJudge>[0]['limits']>;

const DAY_MS = 24 * 3_600_000;

/** Something that Meta's books changed by. */
export interface Fact {
  readonly at: number;
  readonly pair: Pair;
  /** What a call of this name became: it matters who is on the phone now. */
  readonly call: { readonly id: string; readonly became: 'live' | 'doubted' | 'over' } | null;
  /** `GET call_permissions` shows it. */
  readonly shown: boolean;
  /** A report shows it in a count alone: how many calls were picked up, and not which. */
  readonly counted: boolean;
  readonly apply: (judge: PermissionJudge) => void;
  /** Since when a webhook, or Graph's answer, has told it. */
  toldAt: number | null;
  /** Since when a report has. */
  reportedAt: number | null;
}

/** What happened at Meta, and what of it we were told: judged by this alone, we are judged by what we could have known. */
export class Facts {
  readonly #facts: Fact[] = [];
  readonly #limits: Limits;

  constructor(limits: Limits) {
    const { limits: numbers } = new PermissionJudge({ now: () => 0, limits });
    // That WhatsApp took a permission back is known from its word, or from a report: by what its count of unanswered calls
    // begins anew is not documented (meta-calling.md §6), so nobody can conclude it.
    this.#limits = { ...numbers, unansweredRevoke: Number.POSITIVE_INFINITY };
  }

  add(fact: Pick<Fact, 'at' | 'pair' | 'apply'> & Partial<Fact>): Fact {
    const added = { call: null, shown: false, counted: false, toldAt: null, reportedAt: null, ...fact };
    this.#facts.push(added);
    return added;
  }

  tell(facts: readonly Fact[], at: number): void {
    for (const fact of facts) fact.toldAt ??= at;
  }

  /** A report of the pair was read. */
  report(pair: Pair, at: number): void {
    for (const fact of this.of(pair)) if (fact.shown) fact.reportedAt ??= at;
  }

  of({ phoneNumberId, user }: Pair): Fact[] {
    return this.#facts.filter(({ pair }) => pair.phoneNumberId === phoneNumberId && pair.user === user);
  }

  /** What a report would show of the pair, and nothing has told by `time`. */
  unshown(pair: Pair, time: number): Fact[] {
    return this.of(pair).filter((fact) => fact.shown && !isKnown(fact, time));
  }

  /** By what was told before `time`, a call of the pair is going on, or may be. */
  isLive(pair: Pair, time: number): boolean {
    return liveAmong(this.of(pair), time) > 0;
  }

  /** How many calls of a number are going on, or may be. */
  liveOn(phoneNumberId: string, time: number): number {
    return liveAmong(
      this.#facts.filter(({ pair }) => pair.phoneNumberId === phoneNumberId),
      time,
    );
  }

  /** How many calls of a number may have been placed in the day before `time`, that Meta never had. */
  doubtsOn(phoneNumberId: string, time: number): number {
    return this.#facts.filter(
      ({ pair, call, at }) => pair.phoneNumberId === phoneNumberId && call?.became === 'doubted' && at > time - DAY_MS,
    ).length;
  }

  /**
   * A judge who has heard what we were told before `time`, and no more; its clock stands at `now`. `byReports`: which facts
   * are known by reports, which show what came of a call or of an answer, and not that the window is open since.
   */
  judge(time: number, now: number, byReports: (fact: Fact) => boolean = () => true): PermissionJudge {
    let at = 0;
    const judge = new PermissionJudge({ now: () => at, limits: this.#limits });
    for (const fact of this.#facts) {
      if (!isKnown(byReports(fact) ? fact : { ...fact, reportedAt: null }, time)) continue;
      at = fact.at;
      fact.apply(judge);
    }
    at = now;
    return judge;
  }
}

function liveAmong(facts: readonly Fact[], time: number): number {
  const known = facts.filter((fact) => isKnown(fact, time));
  const over = new Set(known.flatMap(({ call }) => (call?.became === 'over' ? [call.id] : [])));
  return known.filter(({ call }) => call !== null && call.became !== 'over' && !over.has(call.id)).length;
}

/** What a webhook tells in the very instant of a decision may come before it or after it; a report comes before it. */
function isKnown({ toldAt, reportedAt }: Pick<Fact, 'toldAt' | 'reportedAt'>, time: number): boolean {
  return (toldAt !== null && toldAt < time) || (reportedAt !== null && reportedAt <= time);
}
