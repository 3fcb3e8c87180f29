import type { ApiServerOptions } from './calls-api/index.ts';
import type { ClientOutcome, DialOutcome } from './permissions/index.ts';

type Desks = Pick<ApiServerOptions['dials'], 'desk' | 'clients'>;

/** The desks of dials, with a word for whoever counts what is decided on each wish to call somebody. */
export function watchDials({ desk, clients }: Desks, onDecided: (decision: string) => void): Desks {
  function decided<T extends DialOutcome | ClientOutcome>(outcome: T): T {
    onDecided(wordOf(outcome));
    return outcome;
  }
  return {
    desk: {
      dial: async (request) => decided(await desk.dial(request)),
      cancel: (id) => desk.cancel(id),
    },
    clients: {
      connect: async (...asked) => decided(await clients.connect(...asked)),
      send: (...asked) => clients.send(...asked),
      permissions: (...asked) => clients.permissions(...asked),
    },
  };
}

/** One of few: reasons are those of docs/limits.md and docs/calling-out.md. */
function wordOf(outcome: DialOutcome | ClientOutcome): string {
  switch (outcome.type) {
    case 'accepted':
      return outcome.state;
    case 'answered':
      return 'placing';
    case 'denied':
      return outcome.denial.reason;
    case 'unavailable':
      return outcome.why;
    case 'refused':
      return 'graph_refused';
    case 'unanswered':
      return 'graph_unanswered';
    default:
      return outcome satisfies never;
  }
}
