import type { Effect } from './effects.ts';
import type { Input } from './inputs.ts';
import { note } from './journal.ts';
import { ignored, type Outcome, went } from './outcome.ts';
import type { Announcement, Call, ConnectedState, DrainingState } from './state.ts';

/** Prompts that play or wait at once. */
export const MAX_ANNOUNCEMENTS = 4;

/** A prompt is asked for; it plays at once, or after those that were asked for before it. */
export function announce(state: ConnectedState, input: Extract<Input, { type: 'api.announce' }>): Outcome {
  const { at, id, prompt, interrupt } = input;
  if (state.voice.kind === 'prompt') return ignored('no_agent_has_it');
  if (state.announcements.length >= MAX_ANNOUNCEMENTS) return ignored('too_many_prompts');
  const announcement = { id, prompt, interrupt };
  return went({ ...state, announcements: [...state.announcements, announcement] }, [
    note(at, 'prompt_requested', { id, prompt, interrupt }),
    ...(state.announcements.length === 0 ? begin(announcement, at) : []),
  ]);
}

/** One was played, or could not be: the next one follows. */
export function announced(
  state: ConnectedState | DrainingState,
  { at, id, played }: Extract<Input, { type: 'media.announced' }>,
): Outcome {
  const [playing, ...waiting] = state.announcements;
  if (playing === undefined || playing.id !== id) return ignored('not_outstanding');
  const next = waiting[0];
  return went({ ...state, announcements: waiting }, [
    done(playing, at, played),
    ...(next === undefined ? [] : begin(next, at)),
  ]);
}

/** The lines of those that will not be played. One that plays is told of when it is cut off. */
export function unplayed(waiting: readonly Announcement[], at: number): Effect[] {
  return waiting.map(({ id, prompt }) => note(at, 'prompt_not_played', { id, prompt }));
}

/** The lines of all that a call still had to announce and will not. */
export function cutOff({ state }: Call, at: number): Effect[] {
  if (state.phase !== 'connected' && state.phase !== 'draining') return [];
  return cutShort(state.announcements, at);
}

export function cutShort([playing, ...waiting]: readonly Announcement[], at: number): Effect[] {
  return playing === undefined ? [] : [done(playing, at, false), ...unplayed(waiting, at)];
}

function begin({ id, prompt, interrupt }: Announcement, at: number): Effect[] {
  return [{ type: 'media.announce', id, prompt, interrupt }, note(at, 'prompt_started', { id, prompt })];
}

function done({ id, prompt }: Announcement, at: number, played: boolean): Effect {
  return note(at, 'prompt_done', { id, prompt, played });
}
