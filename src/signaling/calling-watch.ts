import type { GraphNumbers } from './graph-numbers.ts';
import type { SettingsMirror } from './settings-mirror.ts';

export interface CallingWatchOptions {
  readonly graph: Pick<GraphNumbers, 'settings'>;
  readonly mirror: SettingsMirror;
  readonly onFault: (during: string, fault: unknown) => void;
}

/** Has the shape of the permissions' port of this name. */
export interface CallingWatch {
  recheck(phoneNumberId: string): Promise<void>;
}

/** Reads how calling is set for a number; whoever asks meanwhile waits for the same answer. */
export function createCallingWatch({ graph, mirror, onFault }: CallingWatchOptions): CallingWatch {
  const underWay = new Map<string, Promise<void>>();

  async function read(phoneNumberId: string): Promise<void> {
    try {
      const settings = await graph.settings(phoneNumberId, null);
      if (settings.type === 'told' && 'calling' in settings.body) {
        await mirror.seen(phoneNumberId, settings.body.calling, settings.at);
      }
    } catch (fault) {
      onFault('keeping the settings of a number', fault);
    } finally {
      underWay.delete(phoneNumberId);
    }
  }

  return {
    recheck(phoneNumberId) {
      const reading = underWay.get(phoneNumberId) ?? read(phoneNumberId);
      underWay.set(phoneNumberId, reading);
      return reading;
    },
  };
}
