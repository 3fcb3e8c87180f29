import type { AgentListener } from '../../src/agents/index.ts';
import type { AgentFailure } from '../../src/call/index.ts';
import { RecordingListener } from './recording-listener.ts';

type LineEvent =
  | { readonly type: 'ready'; readonly connectMs: number }
  | { readonly type: 'reconnecting'; readonly attempt: number; readonly code: AgentFailure }
  | { readonly type: 'failed'; readonly code: AgentFailure; readonly detail: string };

/** Writes down what a line says. */
export class RecordingAgentListener extends RecordingListener<LineEvent> implements AgentListener {
  onReady(connectMs: number): void {
    this.add({ type: 'ready', connectMs });
  }
  onReconnecting(attempt: number, code: AgentFailure): void {
    this.add({ type: 'reconnecting', attempt, code });
  }
  onFailed(code: AgentFailure, detail: string): void {
    this.add({ type: 'failed', code, detail });
  }
}
