import type { AgentLoss, WireListener, WireServices } from '../../src/agents/index.ts';
import { RecordingListener } from './recording-listener.ts';

type WireEvent = { readonly type: 'ready' } | { readonly type: 'lost'; readonly loss: AgentLoss };

/** Writes down what a wire says. */
export class RecordingWireListener extends RecordingListener<WireEvent> implements WireListener {
  onReady(): void {
    this.add({ type: 'ready' });
  }
  onLost(loss: AgentLoss): void {
    this.add({ type: 'lost', loss });
  }
}

/** Services of a wire that is tested by itself: nobody can come in by the door. */
export function wireServices(differences: Partial<WireServices> = {}): WireServices {
  return {
    allowLinkLocal: false,
    door: {
      invite({ onAbsent }) {
        queueMicrotask(onAbsent);
        return () => {};
      },
    },
    warn: () => {},
    ...differences,
  };
}
