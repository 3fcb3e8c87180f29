import type { MediaPool, PoolReport } from '../../src/media/media-pool.ts';
import { offerSdp } from './offer-sdp.ts';

const OFFER = offerSdp((line) => (line === 'a=ice-lite' ? null : line));

type Perform = Parameters<MediaPool['perform']>;

/**
 * Stands where src/media stands in a service whose crashes are tested: no threads, no sockets and no sound, and everything
 * works at once, so that a process starts in a moment.
 */
class QuickMediaPool implements Pick<MediaPool, 'ready' | 'onReport' | 'perform' | 'instruct' | 'tellDoor' | 'close'> {
  #listener: (report: PoolReport) => void = () => {};

  async ready(): Promise<void> {}

  onReport(listener: (report: PoolReport) => void): void {
    this.#listener = listener;
  }

  perform(...[{ id: key }, effect]: Perform): void {
    const report = (input: Extract<PoolReport, { type: 'input' }>['input']) =>
      setImmediate(() => this.#listener({ type: 'input', key, at: Date.now(), input }));
    switch (effect.type) {
      case 'media.offer':
        return void report({ type: 'media.opened', sdp: OFFER });
      case 'media.open':
        report({ type: 'media.opened', sdp: OFFER });
        return void report({ type: 'media.connected', setupMs: 1 });
      case 'media.answer':
        return void report({ type: 'media.connected', setupMs: 1 });
      case 'media.ungate':
        return void report({ type: 'media.heard' });
      case 'media.play':
        return void report({ type: 'media.prompt_done', prompt: effect.prompt, played: true });
      case 'media.announce':
        return void report({ type: 'media.announced', id: effect.id, played: true });
      case 'media.drain':
        return void report({ type: 'media.drained' });
      case 'media.close':
        return void report({ type: 'media.closed', quality: null });
      case 'agent.connect':
      case 'agent.prepare':
        return void report({ type: 'agent.ready', seat: effect.seat, connectMs: 1 });
      case 'agent.start':
      case 'agent.close':
      case 'agent.switch':
      case 'agent.drop':
        return;
      default:
        effect satisfies never;
    }
  }

  instruct(): void {}

  tellDoor(): void {}

  async close(): Promise<void> {}
}

export { promptFault } from '../../src/media/prompts.ts';
export { QuickMediaPool as MediaPool };
