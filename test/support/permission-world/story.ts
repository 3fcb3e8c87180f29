import fc from 'fast-check';
import type { DialRules } from '../../../src/permissions/index.ts';
import type { LimitsInput } from '../../../src/simulator/index.ts';
import { PermissionWorld } from '../permission-world.ts';
import type { Fate } from './meta-side.ts';
import { fates, journeys, type Move, moves, perform } from './moves.ts';
import type { Journey } from './post-office.ts';
import { reckon } from './reckoning.ts';

export interface Story {
  readonly moves: readonly Move[];
  readonly journeys: readonly Journey[];
  readonly fates: readonly Fate[];
  readonly rules: Partial<DialRules>;
}

/** What happened in all stories together: a property that meets nothing says nothing. */
export class Chronicle {
  readonly #counts = new Map<string, number>();

  count(what: string, times = 1): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + times);
  }

  /** Names of what happened at least once. */
  get met(): string[] {
    return [...this.#counts.keys()].sort();
  }

  get text(): string {
    return [...this.#counts].map(([what, times]) => `${what}: ${times}`).join(', ');
  }
}

export function stories(rules: fc.Arbitrary<Partial<DialRules>>): fc.Arbitrary<Story> {
  return fc.record({ moves, journeys, fates, rules });
}

/** Tells a story; what the referee and the reckoning find wrong. */
export async function whatIsWrong(story: Story, chronicle: Chronicle, limits?: LimitsInput): Promise<string[]> {
  const world = await PermissionWorld.open({ ...story, ...(limits === undefined ? {} : { limits }) });
  try {
    for (const [index, move] of story.moves.entries()) {
      await perform(world, move);
      if (world.referee.wrong.length > 0) return [`after move ${index}`, ...world.referee.wrong];
    }
    const apart = await reckon(world);
    const { referee, meta } = world;
    chronicle.count('placed', meta.calls.all.size);
    for (const { pickedUpAt } of meta.calls.all.values()) if (pickedUpAt !== null) chronicle.count('picked up');
    chronicle.count('asked', meta.users.requests.length);
    if (meta.losses.count > 0) chronicle.count('request lost', meta.losses.count);
    for (const [reason, times] of referee.denied) chronicle.count(reason, times);
    for (const [code, times] of referee.refused) chronicle.count(`refused by Graph with ${code}`, times);
    return [...referee.wrong, ...apart];
  } finally {
    await world.close();
  }
}
