import type { SignalingObserver } from './ports.ts';

/** The same observer, but one that throws cannot break what it watches. */
export function quietObserver(observer: SignalingObserver = {}): Required<SignalingObserver> {
  return {
    onDelivery: quiet((...args) => observer.onDelivery?.(...args)),
    onIgnored: quiet((item) => observer.onIgnored?.(item)),
    onWorkedOff: quiet((...args) => observer.onWorkedOff?.(...args)),
    onGraphAct: quiet((report) => observer.onGraphAct?.(report)),
    onFault: quiet((...args) => observer.onFault?.(...args)),
  };
}

function quiet<Args extends readonly unknown[]>(tell: (...args: Args) => void): (...args: Args) => void {
  return (...args) => {
    try {
      tell(...args);
    } catch {
      // There is nobody left to tell.
    }
  };
}
