import type { Effect, LogEffect, TimelineEvent } from './effects.ts';
import type { Input } from './inputs.ts';

/** How much of what can repeat was written to the timeline, so that nobody outside can flood it. */
export interface Journal {
  readonly ignored: number;
  readonly repeated: number;
  readonly heard: boolean;
  /** The last seat whose agent was heard; -1 for none. */
  readonly spoke: number;
}

/** Lines per call for inputs that meant nothing, and for key presses and an agent that comes and goes. */
const MAX_IGNORED = 20;
const MAX_REPEATED = 200;

export const EMPTY_JOURNAL: Journal = { ignored: 0, repeated: 0, heard: false, spoke: -1 };

export interface Entry {
  readonly journal: Journal;
  readonly effects: readonly Effect[];
}

/** A line of the timeline. */
export function note(at: number, type: string, data: TimelineEvent['data'] = {}): LogEffect {
  return { type: 'log.append', event: { at, type, data } };
}

/** Writes down that an input meant nothing, and why. */
export function writeIgnored(journal: Journal, input: Input, reason: string): Entry {
  if (journal.ignored >= MAX_IGNORED) return { journal, effects: [] };
  return {
    journal: { ...journal, ignored: journal.ignored + 1 },
    effects: [note(input.at, 'ignored', { input: label(input), reason })],
  };
}

/** Inputs that change nothing but the timeline; null if `input` is not one, or was written before. */
export function writeObservation(journal: Journal, input: Input): Entry | null {
  switch (input.type) {
    case 'media.heard':
      if (journal.heard) return null;
      return { journal: { ...journal, heard: true }, effects: [note(input.at, 'media_heard')] };
    case 'agent.spoke':
      if (journal.spoke >= input.seat) return null;
      return {
        journal: { ...journal, spoke: input.seat },
        effects: [note(input.at, 'agent_spoke', { seat: input.seat })],
      };
    case 'media.dtmf':
      // Not the digit: people key in card numbers.
      return withinLimit(journal, [note(input.at, 'dtmf_received', { durationMs: input.durationMs })]);
    default:
      return null;
  }
}

/** Takes out the lines that have come too often; everything else passes. */
export function withinLimit(journal: Journal, effects: readonly Effect[]): Entry {
  const repeating = effects.filter(isRepeating).length;
  if (repeating === 0) return { journal, effects };
  if (journal.repeated >= MAX_REPEATED) return { journal, effects: effects.filter((effect) => !isRepeating(effect)) };
  return { journal: { ...journal, repeated: journal.repeated + repeating }, effects };
}

/** An agent that comes and goes writes two lines each time. */
const REPEATING = new Set(['dtmf_received', 'agent_reconnecting', 'agent_ready']);

function isRepeating(effect: Effect): boolean {
  return effect.type === 'log.append' && REPEATING.has(effect.event.type);
}

function label(input: Input): string {
  switch (input.type) {
    case 'graph.ok':
    case 'graph.failed':
      return `${input.type} ${input.action}`;
    case 'meta.status':
      return `${input.type} ${input.status}`;
    default:
      return input.type;
  }
}
